"""Limits of a mean of whole numbers: how many classes a set holds on average."""

import math

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.intervals.interval import Interval, z_score
from sightline.metrics.intervals.resampling import Resampling

Ints = NDArray[np.int64]


def mean_limits(values: Ints, lowest: int, highest: int, resampling: Resampling) -> Interval:
    """The mean of (n,) whole numbers between `lowest` and `highest`, with limits.

    As Agresti and Coull (1998) do for shares, z^2 / 2 items more one below the least number seen and as many one above
    the largest stand for what these items happen not to show; then mean and standard error as usual. Items in groups
    count as fewer than they are, by the variance between groups.
    """
    n = len(values)
    mean = float(values.mean())
    spread = float(values.var())
    size = _effective_size(values, mean, spread, resampling)
    extra = z_score(resampling.level) ** 2 / 2
    ends = np.array([max(lowest, int(values.min()) - 1), min(highest, int(values.max()) + 1)], dtype=np.float64)
    total = size + 2 * extra
    centre = (size * mean + extra * float(ends.sum())) / total
    variance = (size * (spread + (mean - centre) ** 2) + extra * float(((ends - centre) ** 2).sum())) / total
    half = resampling.caution * z_score(resampling.level) * math.sqrt(variance / total)
    method = "Agresti-Coull" + ("" if resampling.groups is None else ", groups")
    low, high = max(float(lowest), centre - half), min(float(highest), centre + half)
    return Interval(mean, min(low, mean), max(high, mean), resampling.level, method if n else "undefined")


def _effective_size(values: Ints, mean: float, spread: float, resampling: Resampling) -> float:
    """How many independent items these are worth: no more than there are, and as many as groups where all agree."""
    n = float(len(values))
    groups = resampling.groups
    if groups is None:
        return n
    units = int(groups.max()) + 1
    if units < 2 or spread == 0:
        return float(units)
    sums = np.bincount(groups, weights=values - mean)
    variance = float((sums**2).sum()) * units / (units - 1) / n**2
    return min(n, spread / variance) if variance > 0 else n
