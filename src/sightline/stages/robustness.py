"""Robustness: the same images under corruptions, each measured as the clean ones are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.config.robustness import Constants
from sightline.config.schema import Config
from sightline.data.loaders import EvalLoader
from sightline.errors import UsageError
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import CALIBRATION, group_codes_of
from sightline.machine.terminal import logger
from sightline.metrics.documents.robustness import Corruptions, Robustness
from sightline.metrics.intervals.resampling import Resampling
from sightline.reporting import figures
from sightline.reporting.sections.attacks import about_attacks, attack_table, distrust
from sightline.reporting.sections.robustness import about, name_of, score_table
from sightline.reporting.terminal import show
from sightline.robustness.corruptions.constants import constants_for
from sightline.robustness.corruptions.corrupt import corrupt
from sightline.run.folder import Run
from sightline.run.ledger import check_test_lock, note_test_use
from sightline.run.origin import SOURCES, check_current, origin_of, save_derived
from sightline.stages.attacking import under_attack
from sightline.stages.corrupted import CLEAN, CorruptedLoader, Found, Key, Question, file_of, found_in, measured, stored
from sightline.stages.corruption_summary import Scores, notes_of, summary_of
from sightline.tasks.results import Shift
from sightline.tasks.table import task_of_run
from sightline.tasks.task import Task

PURPOSE = "measure robustness"
RESULT = "robustness.json"
FIGURE = "figures/corruptions.png"


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `robustness.json`, a file for each condition under `robustness/`, and a sheet of corruptions.

    What an earlier command found of the same question stays, so one that was killed goes on where it was.
    """
    if not run.has("split.json"):
        raise UsageError("robustness asks the model itself, so it takes run= and not predictions=")
    asked, task = config.robustness, task_of_run(run)
    if asked.split == "test":
        check_test_lock(run, PURPOSE)
    loaded = LoadedRun.open(run, config, task.heads, test_unlocked=asked.split == "test")
    loader = _images(config, run, loaded)
    shift = task.shift(config, run, asked.split)
    side = loaded.preprocessing.stored_side if loaded.preprocessing.fit == "whole" else loaded.preprocessing.image_size
    constants = constants_for(side) if asked.constants == "auto" else asked.constants
    question = Question.of(config, run, constants, [loader.dataset.split.ids[one] for one in loader.positions])
    keys: list[Key] = [(CLEAN, 0), *((name, severity) for name in asked.corruptions for severity in asked.severities)]
    if run.has(CALIBRATION):
        check_current(run, CALIBRATION)  # before any label is read
    baseline = None if asked.baseline is None else _baseline(config, run, question, keys)
    if asked.split == "test":
        note_test_use(run, PURPOSE, [question.named(key) for key in keys])
    found = _found(run, loaded, loader, shift, question, keys)
    groups = group_codes_of(run, asked.split, question.ids)
    resampling = Resampling(config.evaluation.level, config.evaluation.resamples, config.seed, groups)
    corruptions: Corruptions = {
        "constants": constants,
        "side": side,
        "seed": asked.seed,
        "severities": list(asked.severities),
        "notes": [
            note for target, metric in shift.metrics.items() for note in notes_of(metric, found, target, resampling)
        ],
        "targets": {
            target: summary_of(metric, found, target, resampling, baseline)
            for target, metric in shift.metrics.items()
            if target in found[CLEAN, 0].targets
        },
    }
    if asked.baseline is not None:
        corruptions["baseline"] = asked.baseline
    content: Robustness = {"split": asked.split, "n": len(question.ids), "corruptions": corruptions}
    _attack(content, config, run, loaded, task)
    run.save_bytes(FIGURE, _sheet(config, loader, constants))
    save_derived(run, RESULT, content, origin_of(run, *SOURCES, CALIBRATION))
    for target, one in corruptions["targets"].items():
        beside = f"{target}: " if len(corruptions["targets"]) > 1 else ""
        show(f"{beside}{about(content, corruptions)}", score_table(one, asked.severities))
    return _values(corruptions) | _told(content)


def _attack(content: Robustness, config: Config, run: Run, loaded: LoadedRun, task: Task) -> None:
    """Add what attacks find, or why there are none, and whether all that stands there can be trusted."""
    if not config.robustness.attacks:
        return
    if task.name != "classification" or loaded.preprocessing.fit == "whole":
        content["left_out"] = "Attacks are for a classifier with one label an image, on squares; they are left out."
        return
    content["attacks"] = under_attack(config, run, loaded)
    content["trusted"] = content["attacks"]["trusted"]


def _told(content: Robustness) -> dict[str, float]:
    """Tell what attacks found; its robust accuracy, if that can be trusted."""
    if reason := content.get("left_out"):
        logger.warning("robustness: %s", reason)
    if (attacks := content.get("attacks")) is None:
        return {}
    show(about_attacks(attacks), attack_table(attacks))
    for block in distrust(attacks):
        logger.warning("robustness: %s", block.text)
    robust = attacks["worst"]["of_all"]["value"]
    return {"robust_accuracy": robust} if attacks["trusted"] and robust is not None else {}


def _images(config: Config, run: Run, loaded: LoadedRun) -> EvalLoader:
    """Batches of the images that are asked for.

    Raises:
        UsageError: the split has none.
    """
    asked = config.robustness
    loader = replace(loaded.loader(asked.split), most=asked.items)
    if not len(loader.positions):
        raise UsageError(f"{run.path} has no {asked.split} split; robustness.split takes val or test")
    return loader


def _found(
    run: Run, loaded: LoadedRun, loader: EvalLoader, shift: Shift, question: Question, keys: Sequence[Key]
) -> dict[Key, Found]:
    """What the model is worth under each condition, from an earlier command or now."""
    found = {}
    seed = question.config.robustness.seed
    for number, key in enumerate(keys, start=1):
        before = stored(run, question, key)
        if before is None:
            logger.info("robustness: %s, severity %d (%d of %d)", name_of(key[0]), key[1], number, len(keys))
            of_key = (
                loader
                if key[0] == CLEAN
                else CorruptedLoader(loader, loaded.preprocessing, key, seed, question.constants)
            )
            before = measured(run, loaded, of_key, shift, question, key)
        found[key] = before
    return found


def _baseline(config: Config, run: Run, question: Question, keys: Sequence[Key]) -> Mapping[Key, Scores]:
    """The scores of another run on the same pixels.

    Raises:
        UsageError: it is this run, was not measured on these, or its weights are others by now.
    """
    name = cast("str", config.robustness.baseline)
    other = Run.open(name, Path(config.runs_dir))
    if other.path == run.path:
        raise UsageError(f"robustness.baseline={name} is the run itself; it takes another one")
    found = {}
    for key in keys:
        has = other.has(file_of(key))
        if has:
            check_current(other, file_of(key))
        arrays = other.load_arrays(file_of(key)) if has else {}
        if not has or not question.has_pixels(arrays, key):
            raise UsageError(
                f"robustness.baseline={name} was not measured on these images under {key[0]}, severity {key[1]}; "
                f"measure it first, with the same keys of robustness and run={name}"
            )
        found[key] = found_in(arrays).scores
    return found


def _sheet(config: Config, loader: EvalLoader, constants: Constants) -> bytes:
    """The first image under every corruption."""
    asked, position = config.robustness, loader.positions[:1]
    ids = [loader.dataset.split.ids[position[0]]]
    pixels, sizes = loader.dataset.store.batch(loader.dataset.rows[position])
    image = loader.transform.square(pixels, sizes)
    corrupted = {
        name_of(name): [
            _picture(corrupt(image, ids, name, severity, seed=asked.seed, constants=constants))
            for severity in asked.severities
        ]
        for name in asked.corruptions
    }
    return figures.corruptions(_picture(image), corrupted, asked.severities)


def _picture(images: torch.Tensor) -> NDArray[np.uint8]:
    picture: NDArray[np.uint8] = images[0].permute(1, 2, 0).numpy()
    return picture


def _values(corruptions: Corruptions) -> dict[str, float]:
    """The means over all conditions."""
    found = {}
    for target, one in corruptions["targets"].items():
        for name in ("mean", "mean_corruption_error"):
            value = one[name]["value"] if name in one else None
            if value is not None:
                found[f"{target}_{name}"] = value
    return found
