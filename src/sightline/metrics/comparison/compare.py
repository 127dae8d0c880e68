"""Two or more systems on the same items: paired differences, seeds and items as separate sources of variance.

A system is one way of training, with one or more trained members that differ by their seed. Items are paired: every
unit is left out, or its answers swapped, for all systems at once. Seeds are not: seed 1 of one system has nothing to
do with seed 1 of another. The variance of a system's mean over S seeds and n items is that of items, of seeds / S, and
of their interaction / (S n), as in multi-reader studies (Dorfman, Berbaum and Metz 1992).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.metrics.catalogue import METRICS, measured_of
from sightline.metrics.comparison.judged import Answers
from sightline.metrics.comparison.notes import about, notes
from sightline.metrics.comparison.paired import holm
from sightline.metrics.comparison.pairs import agreed, apart, pair_of
from sightline.metrics.comparison.systems import System, aligned, measure, units_of_classes
from sightline.metrics.comparison.value import system_interval
from sightline.metrics.comparison.variance import Measured, floor_of
from sightline.metrics.documents.comparison import ComparedSystem, Comparison, Pair, Rank
from sightline.metrics.intervals.interval import Interval
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.metric import Metric

Ints = NDArray[np.int64]


def compare(systems: Sequence[System], *, metric: str, resampling: Resampling, bins: int = 15) -> Comparison:
    """Measure systems on the same items, each against each: the content of `comparison.json`.

    Args:
        systems: one or more; items may come in any order, they are matched by id.
        metric: one of those that `evaluate` reports of labels.
        resampling: how intervals are found; its groups are those of the items of the first member. A pair is told apart
            where its adjusted p-value is below 1 - `level`.
        bins: of the calibration errors.

    Raises:
        UsageError: the items or their labels differ, names repeat, or the metric is not known or not defined here.
    """
    systems = aligned(systems)
    known = _metric(metric, systems)
    answers = [[Answers.of(member, bins) for member in system.members] for system in systems]
    first = systems[0].members[0]
    contest = Contest(
        known,
        [measure(system.name, own, known, resampling) for system, own in zip(systems, answers, strict=True)],
        [[each.scored for each in own] for own in answers],
        units_of_classes(first.labels, first.logits.shape[1], resampling.groups),
        len(first.labels),
    )
    return compared(contest, resampling)


class Alone(Protocol):
    """One member, as `evaluate` measures it."""

    def intervals(self, resampling: Resampling, *, only: Sequence[str] | None = None) -> dict[str, Interval]:
        """Scores by name with their limits."""


@dataclass(frozen=True)
class Contest:
    """Systems whose members are measured on the same items.

    Attributes:
        metric: by which.
        measured: each system.
        members: those of each system, alone.
        truth: (classes,) units of each class.
        n: how many items.
    """

    metric: Metric
    measured: Sequence[Measured]
    members: Sequence[Sequence[Alone]]
    truth: Ints
    n: int


def compared(contest: Contest, resampling: Resampling) -> Comparison:
    """Each system against each.

    Args:
        contest: the systems.
        resampling: as for `compare`.

    Raises:
        UsageError: the metric is not defined for one of them.
    """
    metric, measured = contest.metric, contest.measured
    for one in measured:
        if not np.isfinite(one.values).all():
            raise UsageError(f"compare.metric={metric.name} is not defined for {one.name} on these items")
    tests = len(measured) * (len(measured) - 1) // 2
    pairs = [pair_of(a, b, metric, contest.truth, resampling, tests) for a, b in combinations(measured, 2)]
    for pair, adjusted in zip(pairs, holm([pair["p_value"] for pair in pairs]), strict=True):
        pair["p_adjusted"] = adjusted
    pairs = [agreed(pair, resampling.level) for pair in pairs]
    return {
        "n": contest.n,
        "metric": metric.name,
        "lower_is_better": not metric.higher_is_better,
        "level": resampling.level,
        "about": about(measured),
        "systems": [_system(own, one, contest, resampling) for own, one in zip(contest.members, measured, strict=True)],
        "pairs": pairs,
        "ranking": _ranking(measured, pairs, resampling.level, metric),
        "notes": notes(measured, pairs, resampling),
    }


def _metric(name: str, systems: Sequence[System]) -> Metric:
    """What systems are compared by.

    Raises:
        UsageError: it is not known, or says nothing with so few classes.
    """
    if name not in (taken := measured_of("classification")):
        raise UsageError(f"compare.metric={name} is no metric of labels; it takes {', '.join(taken)}")
    metric, classes = METRICS[name], systems[0].members[0].logits.shape[1]
    if classes < metric.fewest_classes:
        raise UsageError(
            f"compare.metric={name} says nothing with {classes} classes, it takes {metric.fewest_classes} or more; "
            "take compare.metric=accuracy"
        )
    return metric


def _system(members: Sequence[Alone], one: Measured, contest: Contest, resampling: Resampling) -> ComparedSystem:
    """A system's own value with its interval, and where its variance comes from."""
    metric, grouped = contest.metric, resampling.groups is not None
    floor = floor_of(metric, contest.truth, len(one.of_mean), one.scatter, grouped=grouped)
    alone = [each.intervals(resampling, only=[metric.name])[metric.name] for each in members]
    limits = system_interval(alone, one, metric, floor, resampling).to_json()
    items = float((one.of_mean**2).sum())
    low = high = None
    if one.seeds > 1 and math.isfinite(items):
        most = (metric.highest - metric.lowest) / 2  # no standard deviation is more than half of the range
        low, high = (min(end, most) for end in one.training_limits(resampling.level, floor))
    return {
        "name": one.name,
        "value": limits["value"],
        "low": limits["low"],
        "high": limits["high"],
        "level": limits["level"],
        "method": limits["method"],
        "seeds": one.seeds,
        "values": one.values.tolist(),
        "sampling_sd": math.sqrt(items) if math.isfinite(items) else None,
        "training_sd": None if low is None else math.sqrt(one.training_variance),
        "training_sd_low": low,
        "training_sd_high": high,
    }


def _ranking(measured: Sequence[Measured], pairs: Sequence[Pair], level: float, metric: Metric) -> list[Rank]:
    """The best first; a rank is one more than the number of systems that are told apart as better."""
    values = {one.name: one.mean for one in measured}
    told_apart = {(pair["a"], pair["b"]): apart(pair, level) for pair in pairs}

    def better(one: str, other: str) -> bool:
        known = told_apart.get((one, other), told_apart.get((other, one), False))
        return known and metric.sign * values[one] < metric.sign * values[other]

    order = sorted(values, key=lambda name: metric.sign * values[name])
    return [
        {
            "rank": 1 + sum(better(other, name) for other in order),
            "name": name,
            "value": values[name],
            "tied_with": [o for o in order if o != name and not better(o, name) and not better(name, o)],
        }
        for name in order
    ]
