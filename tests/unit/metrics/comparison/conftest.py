"""The difference of two systems alone, without their own intervals, for simulations."""

from collections.abc import Sequence
from typing import Any

from sightline.metrics.catalogue import METRICS
from sightline.metrics.comparison.judged import Answers
from sightline.metrics.comparison.pairs import pair_of
from sightline.metrics.comparison.systems import System, measure, units_of_classes
from sightline.metrics.intervals.resampling import Resampling


def one_pair(systems: Sequence[System], metric: str = "accuracy", level: float = 0.95) -> dict[str, Any]:
    """What `compare` says of the difference of two systems on items in the same order."""
    resampling, first = Resampling(level, 100, 0), systems[0].members[0]
    answers = [[Answers.of(member, 15) for member in system.members] for system in systems]
    a, b = (measure(one.name, own, METRICS[metric], resampling) for one, own in zip(systems, answers, strict=True))
    truth = units_of_classes(first.labels, first.logits.shape[1], None)
    return dict(pair_of(a, b, METRICS[metric], truth, resampling))
