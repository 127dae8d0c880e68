"""Images under corruptions, each corruption at each severity, alone and beside a baseline."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from sightline.config.robustness import CORRUPTIONS, RobustnessConfig
from sightline.errors import UsageError
from sightline.inference.model import load_split
from sightline.inference.predict import Batches
from sightline.machine.terminal import logger
from sightline.metrics.documents.robustness import Corruptions
from sightline.reporting.sections.robustness import name_of
from sightline.robustness.corruptions.corrupt import corrupt
from sightline.run.folder import Run
from sightline.run.origin import check_current
from sightline.stages.conditions.changed import ChangedLoader
from sightline.stages.conditions.corruption_summary import Scores, notes_of, summary_of
from sightline.stages.conditions.question import CLEAN, Found, Key, file_of, found_in
from sightline.stages.conditions.subject import Subject


def corruption_keys(asked: RobustnessConfig) -> list[Key]:
    """The images as they are, then every corruption at every severity."""
    return [(CLEAN, 0), *((name, severity) for name in asked.corruptions for severity in asked.severities)]


def under_corruptions(subject: Subject, baseline: Mapping[Key, Scores] | None) -> Corruptions:
    """Measure every condition; what an earlier command found of the same question stays."""
    asked, question, resampling = subject.config.robustness, subject.question, subject.resampling
    found = _found(subject)
    metrics = subject.shift.metrics
    corruptions: Corruptions = {
        "constants": question.constants,
        "side": subject.side,
        "seed": asked.seed,
        "severities": list(asked.severities),
        "notes": [note for target, metric in metrics.items() for note in notes_of(metric, found, target, resampling)],
        "targets": {
            target: summary_of(metric, found, target, resampling, baseline)
            for target, metric in metrics.items()
            if target in found[CLEAN, 0].targets
        },
    }
    if asked.baseline is not None:
        corruptions["baseline"] = asked.baseline
    return corruptions


def baseline_of(subject: Subject) -> Mapping[Key, Scores] | None:
    """The scores of another run on the same pixels; None where none is asked for.

    Raises:
        UsageError: it is this run, was not measured on these, or its weights are others by now.
    """
    name = subject.config.robustness.baseline
    if name is None:
        return None
    other = Run.open(name, Path(subject.config.runs_dir))
    if other.path == subject.run.path:
        raise UsageError(f"robustness.baseline={name} is the run itself; it takes another one")
    found = {}
    for key in corruption_keys(subject.config.robustness):
        has = other.has(file_of(key))
        if has:
            check_current(other, file_of(key))
        arrays = other.load_arrays(file_of(key)) if has else {}
        if not has or not subject.question.has_pixels(arrays, key):
            if not set(subject.question.ids.tolist()) <= set(load_split(other).ids):
                raise UsageError(
                    f"robustness.baseline={name} is of other images: it takes a run on the same data and split"
                )
            under = f"{name_of(key[0])}, severity {key[1]}" if key[1] else "no corruption"
            raise UsageError(
                f"robustness.baseline={name} was not measured on these images under {under}; "
                f"measure it first, with the same keys of robustness and run={name}"
            )
        found[key] = found_in(arrays).scores
    return found


def _found(subject: Subject) -> dict[Key, Found]:
    """What the model is worth under each condition, from an earlier command or now."""
    found = {}
    keys = corruption_keys(subject.config.robustness)
    for number, key in enumerate(keys, start=1):
        before = subject.stored(key)
        if before is None:
            logger.info("robustness: %s, severity %d (%d of %d)", name_of(key[0]), key[1], number, len(keys))
            before = subject.measured(_batches(subject, key), key)
        found[key] = before
    return found


def _batches(subject: Subject, key: Key) -> Batches:
    """The images under a corruption, or as they are."""
    if key[0] == CLEAN:
        return subject.loader
    name = next(one for one in CORRUPTIONS if one == key[0])
    seed, constants = subject.config.robustness.seed, subject.question.constants

    def change(images: torch.Tensor, ids: Sequence[str]) -> torch.Tensor:
        return corrupt(images, ids, name, key[1], seed=seed, constants=constants)

    return ChangedLoader(subject.loader, subject.loaded.preprocessing, change)
