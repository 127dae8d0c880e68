"""A number with its limits, and the limits of a proportion."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

from sightline.metrics.documents.interval import IntervalJson

_FEW = 3.5
"""Successes up to which Wilson's lower limit is too near."""


UNSEEN_GROUP = 0.05
"""How much of a group unlike all others is reckoned with. Found by simulation: with eight groups of which a fifth are
bad, all eight are good in every sixth sample."""


@dataclass(frozen=True)
class Interval:
    """A value, its two limits, the confidence they claim and how they were found.

    A value that is not defined is NaN, and so may its limits be; in JSON each NaN becomes null.
    """

    value: float
    low: float
    high: float
    level: float
    method: str

    def to_json(self) -> IntervalJson:
        """The interval as JSON takes it: plain floats, null for what is not defined."""
        return {
            "value": _finite(self.value),
            "low": _finite(self.low),
            "high": _finite(self.high),
            "level": float(self.level),
            "method": self.method,
        }


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


def undefined(level: float, method: str = "undefined") -> Interval:
    """A value that does not exist: all NaN."""
    return Interval(math.nan, math.nan, math.nan, level, method)


@cache
def z_score(level: float) -> float:
    """How many standard deviations to either side hold `level` of a normal distribution."""
    return float(ndtri(0.5 + level / 2))


def wilson(successes: int, n: int, level: float, method: str = "wilson") -> Interval:
    """Limits of a proportion, right at 0 % and 100 % too (Wilson 1927).

    Args:
        successes: how many of the items succeeded.
        n: how many items. With none the value is NaN and the limits are 0 and 1: nothing is known.
        level: confidence, such as 0.95.
        method: what to call it.

    Raises:
        ValueError: `successes` is not between 0 and `n`, or one of them is NaN.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    return wilson_share(successes / n if n else math.nan, n, level, method)


def wilson_share(share: float, n: float, level: float, method: str = "wilson") -> Interval:
    """Wilson's limits of a share that is known; `n` may be an effective size, and 0 gives the limits 0 and 1.

    With one to three successes, or failures, Wilson's limit on their side is too near; there it is Poisson's, as Brown,
    Cai and DasGupta (2001) have it.
    """
    if n == 0:
        return Interval(share, 0.0, 1.0, level, method)
    # The limits touch the value at 0 % and 100 %; rounding must not put them on its wrong side.
    low = 0.0 if share == 0 else share - stretch_of_few(share, n, level) * (share - _lower(share, n, level))
    high = (
        1.0 if share == 1 else share + stretch_of_few(1 - share, n, level) * (1 - share - _lower(1 - share, n, level))
    )
    return Interval(share, min(max(0.0, low), share), max(min(1.0, high), share), level, method)


def stretch_of_few(share: float, n: float, level: float) -> float:
    """How much further than Wilson's the lower limit of a share must lie where only one to three items have it."""
    count = share * n
    if not 0 < count <= min(_FEW, n / 2):
        return 1.0
    wilsons = share - _lower(share, n, level)
    return max(1.0, (share - float(gammaincinv(count, 1 - level)) / n) / wilsons)


def _lower(share: float, n: float, level: float) -> float:
    """Wilson's lower limit."""
    z2 = z_score(level) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(share * (1 - share) * z2 / n + (z2 / (2 * n)) ** 2) / (1 + z2 / n)
    return centre - half


def effective_size(success: NDArray[np.bool_], groups: NDArray[np.int64]) -> float:
    """How many independent items the (m,) items in (m,) groups are worth."""
    return float(effective_sizes(success, np.zeros(len(success), dtype=np.int64), 1, groups)[0])


def effective_sizes(
    success: NDArray[np.bool_], part: NDArray[np.int64], parts: int, groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How many independent items the items of each part are worth when they come in groups.

    The variance of a share between groups, set against that of as many independent items (Korn and Graubard 1998).
    Never more than there are items; a part whose items all agree is worth its number of groups. Few groups may be alike
    by chance, so to what is seen comes a part of a group that differs from the others as much as one can.

    Args:
        success: (m,) whether an item counts.
        part: (m,) the part of an item, from 0 to `parts` - 1: its class, say.
        parts: how many parts.
        groups: (m,) the group of an item, as integers from 0.

    Returns:
        (parts,) sizes; 0 for a part without items.
    """
    width = int(groups.max(initial=-1)) + 1
    key, inverse = np.unique(part * width + groups, return_inverse=True)
    owner = key // width if width else key
    size = np.bincount(inverse, minlength=len(key)).astype(np.float64)
    hits = np.bincount(inverse, weights=success, minlength=len(key))
    n = np.bincount(owner, weights=size, minlength=parts)
    clusters = np.bincount(owner, minlength=parts).astype(np.float64)
    share = np.bincount(owner, weights=hits, minlength=parts) / np.maximum(n, 1)
    scatter = np.bincount(owner, weights=(hits - share[owner] * size) ** 2, minlength=parts)
    independent = share * (1 - share) * n**2
    # Groups more alike than chance would have them do not make more of the items than there are.
    scatter = np.maximum(scatter * clusters / np.maximum(clusters - 1, 1), independent / np.maximum(n, 1))
    unlike = np.maximum(share, 1 - share) * n / np.maximum(clusters, 1)
    scatter = np.asarray(scatter + UNSEEN_GROUP * unlike**2)
    return np.divide(independent, scatter, out=clusters, where=(independent > 0) & (clusters > 1))
