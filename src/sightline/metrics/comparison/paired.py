"""Two classifiers on the same items: what follows from the items on which only one of them is right."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import bdtr, ndtr

from sightline.metrics.intervals.interval import Interval, z_score


def mcnemar(only_a: int, only_b: int) -> float:
    """The mid-p value of McNemar's test: how likely so uneven a split is if neither is better.

    The exact test with half the probability of the split itself taken off: exact tests reject too rarely, and the
    mid-p value keeps close to its level from few items on (Fagerland, Lydersen and Laake 2013).

    Args:
        only_a: items on which a alone is right.
        only_b: items on which b alone is right.
    """
    n = only_a + only_b
    if n == 0:
        return 1.0
    fewer = min(only_a, only_b)
    below = bdtr(fewer - 1, n, 0.5) if fewer else 0.0  # scipy.stats has a binomial, and takes a second to import
    return float(min(1.0, bdtr(fewer, n, 0.5) + below))


def score_test(only_a: int, only_b: int) -> float:
    """The p-value that belongs to `tango`: McNemar's test without a correction, from the normal distribution.

    Args:
        only_a: items on which a alone is right.
        only_b: items on which b alone is right.
    """
    n = only_a + only_b
    return 1.0 if n == 0 else 2 * float(ndtr(-abs(only_a - only_b) / math.sqrt(n)))


def tango(only_a: int, only_b: int, n: int, level: float) -> Interval:
    """Limits of the difference of two paired shares, by inverting the score test (Tango 1998).

    They hold their level where a normal approximation does not: with few items, and where the two never differ.

    Args:
        only_a: items on which a alone is right.
        only_b: items on which b alone is right.
        n: items in all, at least one.
        level: confidence, such as 0.95.
    """
    z = z_score(level)
    value = (only_a - only_b) / n

    def excess(difference: float) -> float:
        """The score statistic under a supposed difference."""
        b = (2 * n - only_a + only_b) * difference - only_a - only_b
        c = -only_b * difference * (1 - difference)
        share = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * (2 * share + difference * (1 - difference))
        gap = only_a - only_b - n * difference
        if gap == 0:
            return 0.0
        return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)

    def limit(end: float) -> float:
        wanted = z if end < value else -z
        edge = end * (1 - 1e-12)
        if abs(excess(edge)) <= z:
            return end
        return float(brentq(lambda difference: np.clip(excess(difference) - wanted, -1e9, 1e9), edge, value))

    low = value if value == -1 else limit(-1.0)
    high = value if value == 1 else limit(1.0)
    return Interval(value, min(low, value), max(high, value), level, "McNemar, Tango")


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """P-values adjusted for how many there are: one wrong rejection among all is as rare as one alone (Holm 1979).

    One that is not defined stays so, and does not count.
    """
    known = [(value, index) for index, value in enumerate(p_values) if value is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for place, (value, index) in enumerate(sorted(known)):
        largest = max(largest, min(1.0, (len(known) - place) * value))
        adjusted[index] = largest
    return adjusted
