"""The same images shifted and turned: does the answer stay, and is it still right?"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.config.robustness import RobustnessConfig
from sightline.errors import UsageError
from sightline.machine.terminal import logger
from sightline.metrics.catalogue import METRICS
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.documents.robustness import Condition, TargetUnderMoves
from sightline.metrics.robustness.corruption_error import mean_score
from sightline.reporting.sections.moves import name_of
from sightline.robustness.moves import moves_of
from sightline.stages.conditions.agreement import Agreement, AgreementCollector
from sightline.stages.conditions.question import CLEAN, Found, Key
from sightline.stages.conditions.subject import Subject

Reals = NDArray[np.float64]
WORST: Final = "worst_case"
SAME: Final = "consistency"
"""Names of metrics, and of arrays of single images."""


def move_keys(asked: RobustnessConfig) -> list[Key]:
    """Every shift, then every rotation."""
    sizes = {"shift": asked.shifts, "rotation": asked.rotations}
    return [(kind, size) for kind, each in sizes.items() for size in each]


def check_moves(subject: Subject) -> None:
    """Refuse shifts that leave less than half of an image in view.

    Raises:
        UsageError: there is one.
    """
    most = subject.side // 2
    if too_far := [size for size in subject.config.robustness.shifts if size > most]:
        raise UsageError(
            f"robustness.shifts: {too_far[0]} pixels of {subject.side} a side leave too little in view; "
            f"it takes up to {most}"
        )


def under_moves(subject: Subject) -> dict[str, TargetUnderMoves]:
    """Measure every shift and rotation, by target; what an earlier command found of the same question stays."""
    keys = move_keys(subject.config.robustness)
    clean = subject.stored((CLEAN, 0))
    assert clean is not None, "images as they are were measured before"
    found: dict[Key, Found] = {}
    for number, key in enumerate(keys, start=1):
        before = subject.stored(key)
        if before is None:
            logger.info("robustness: %s (%d of %d)", name_of(*key), number, len(keys))
            before = _measured(subject, key, list(clean.targets))
        found[key] = before
    return {target: _summary(subject, target, clean, found) for target in clean.targets}


def _measured(subject: Subject, key: Key, targets: Sequence[str]) -> Found:
    """Ask for each image as it is and all ways, and write down what came of it."""
    collector = AgreementCollector(
        moves_of(*key),
        list(subject.shift.metrics),
        subject.loaded.preprocessing,
        subject.loader.memory_format,
        subject.loaded.dataset.ignore_index,
    )
    answers: Agreement = subject.answers(subject.loader, collector)
    conditions: dict[str, Condition] = {}
    scores: dict[str, Reals] = {}
    more: dict[str, Reals] = {}
    for target in targets:
        metric = subject.shift.metrics[target]
        right, same = answers.right[target], answers.same[target]
        worst = right.min(axis=1)
        metrics = _intervals(subject, metric, right, worst, same)
        conditions[target] = {"corruption": key[0], "severity": key[1], "metrics": metrics}
        scores[target] = right.mean(axis=1)
        more |= {f"{target}.{WORST}": worst, f"{target}.{SAME}": same.mean(axis=1)}
    return subject.kept(Found(conditions, scores, more), key)


def _summary(subject: Subject, target: str, clean: Found, found: Mapping[Key, Found]) -> TargetUnderMoves:
    """Each condition, and all of them."""
    metric = subject.shift.metrics[target]
    right = np.stack([one.scores[target] for one in found.values()], axis=1)
    worst, same = (np.stack([one.more[f"{target}.{name}"] for one in found.values()], axis=1) for name in (WORST, SAME))
    lowest = np.column_stack([worst, clean.scores[target]]).min(axis=1)
    return {
        "metric": metric,
        "clean": clean.targets[target]["metrics"][metric],
        "conditions": [one.targets[target] for one in found.values()],
        "all": _intervals(subject, metric, right, lowest, same, whole=False),
    }


def _intervals(
    subject: Subject, metric: str, right: Reals, worst: Reals, same: Reals, *, whole: bool = True
) -> dict[str, IntervalJson]:
    """Limits over images.

    Args:
        subject: whose images.
        metric: whose parts the scores of single images are.
        right: (n, ways).
        worst: (n,).
        same: (n, ways).
        whole: whether a score of a label is 0 or 1, and no mean over ways.
    """
    graded, resampling = METRICS[metric].graded, subject.resampling
    return {
        metric: mean_score(right, resampling, graded=graded or not whole).to_json(),
        WORST: mean_score(worst[:, None], resampling, graded=graded).to_json(),
        SAME: mean_score(same, resampling, graded=graded or not whole).to_json(),
    }
