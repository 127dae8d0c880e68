"""The difference of two systems: its limits, and the chance of one as large if there were none.

Limits and test agree: a p-value is the larger of two, that which belongs to the limits and that of a test which a few
items cannot mislead (McNemar's, or swapped answers); where the second alone does not tell the two apart, the limits
reach to 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.comparison.paired import mcnemar, score_test, tango
from sightline.metrics.comparison.swaps import swap_test
from sightline.metrics.comparison.variance import SMALLEST, Freedom, Measured, floor_of, of_items, with_seeds
from sightline.metrics.documents.comparison import Pair
from sightline.metrics.intervals.interval import Interval
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.metric import Metric

Ints = NDArray[np.int64]
MOST_FREEDOM = 1e9
"""Degrees of freedom that stand for a normal distribution."""


def pair_of(a: Measured, b: Measured, metric: Metric, truth: Ints, resampling: Resampling, tests: int = 1) -> Pair:
    """Compare two systems.

    Args:
        a: one.
        b: the other.
        metric: of both.
        truth: (classes,) units of each class.
        resampling: the level, the number of swaps, and the groups, if there are any.
        tests: how many pairs are looked at, for limits that hold for all of them at once (Bonferroni).
    """
    units, level = len(a.of_mean), resampling.level
    one_by_one = a.seeds == b.seeds == 1 and resampling.groups is None
    method = f"{method_of(resampling, seeds=max(a.seeds, b.seeds) > 1)}, swaps"
    if units < 2:
        return _undefined(a, b, f"there is one {'item' if resampling.groups is None else 'group'}: nothing varies")
    if metric.hits is not None and one_by_one:
        only_a, only_b = (int((np.asarray(change) > 0).sum()) for change in _changes(a, b))
        found = [tango(only_a, only_b, units, one) for one in (level, 1 - (1 - level) / tests)]
        checked, p_value = mcnemar(only_a, only_b), score_test(only_a, only_b)
    else:
        variance = variance_of(a, b, metric, truth, resampling)
        found = [_limits(a.mean - b.mean, variance, metric, one, method) for one in (level, 1 - (1 - level) / tests)]
        p_value = variance.p_value(a.mean - b.mean)
        checked = 0.0
        if p_value < 1 - level:
            checked = swap_test(a.judged, b.judged, resampling.resamples, resampling.seed)
    p_value = max(p_value, checked, SMALLEST)
    limits, for_all = found if p_value < 1 - level else [to_zero(one) for one in found]
    return {
        "a": a.name,
        "b": b.name,
        "difference": a.mean - b.mean,
        "low": limits.low,
        "high": limits.high,
        "p_value": p_value,
        "p_adjusted": p_value,
        "low_adjusted": for_all.low,
        "high_adjusted": for_all.high,
        "method": limits.method,
        "reason": None,
    }


def variance_of(a: Measured, b: Measured, metric: Metric, truth: Ints, resampling: Resampling) -> Freedom:
    """Of the difference of two means over members, on the same units."""
    units = len(a.of_mean)
    most = MOST_FREEDOM if resampling.groups is None else float(units - 1)
    grouped = resampling.groups is not None
    floor = floor_of(metric, truth, units, (a.scatter + b.scatter) / 2, grouped=grouped)
    items = of_items(a.of_mean - b.of_mean, floor, most)
    return with_seeds(items, (a, b), MOST_FREEDOM)


def to_zero(found: Interval) -> Interval:
    """The limits, and 0."""
    return Interval(found.value, min(found.low, 0.0), max(found.high, 0.0), found.level, found.method)


def apart(pair: Pair, level: float) -> bool:
    """Whether two systems are told apart, all pairs considered."""
    return pair["p_adjusted"] is not None and pair["p_adjusted"] < 1 - level


def agreed(pair: Pair, level: float) -> Pair:
    """The pair with adjusted limits that say what Holm's p-value says.

    Bonferroni's limits are wider than Holm's test is strict. Where the test tells two apart, the limits end at 0
    (Strassburger and Bretz 2008, who show it for one-sided limits); where it does not, they reach to 0.
    """
    value, low, high = pair["difference"], pair["low_adjusted"], pair["high_adjusted"]
    if low is None or high is None:
        return pair
    if not apart(pair, level):
        return {**pair, "low_adjusted": min(low, 0.0), "high_adjusted": max(high, 0.0)}
    if value > 0:
        return {**pair, "low_adjusted": max(low, 0.0)}
    return {**pair, "high_adjusted": min(high, 0.0)}


def _changes(a: Measured, b: Measured) -> Sequence[NDArray[np.float64]]:
    """(items,) by how much each system alone is better, of a mean over items."""
    change = (a.judged[0].units - b.judged[0].units)[[0]].toarray()[0]
    return np.maximum(change, 0), np.maximum(-change, 0)


def _limits(value: float, variance: Freedom, metric: Metric, level: float, method: str) -> Interval:
    half = variance.half_width(level)
    return Interval(value, max(-metric.span, value - half), min(metric.span, value + half), level, method)


def method_of(resampling: Resampling, *, seeds: bool = False) -> str:
    """What limits from `variance_of` are called."""
    of_groups = "" if resampling.groups is None else " of groups"
    return f"paired jackknife{of_groups}{' and seeds' if seeds else ''}"


def _undefined(a: Measured, b: Measured, reason: str) -> Pair:
    return {
        "a": a.name,
        "b": b.name,
        "difference": a.mean - b.mean,
        "low": None,
        "high": None,
        "p_value": None,
        "p_adjusted": None,
        "low_adjusted": None,
        "high_adjusted": None,
        "method": "undefined",
        "reason": reason,
    }
