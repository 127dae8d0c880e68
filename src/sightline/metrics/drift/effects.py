"""How large a difference between two samples of numbers is, with intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.floating]


@dataclass(frozen=True)
class Effect:
    """How the numbers of new images differ from those of the reference.

    Attributes:
        reference: mean of the reference.
        new: mean of the new images.
        difference: of the means, with its limits (Welch).
        distance: of Kolmogorov and Smirnov: the share of images that would have to change, at the least.
        delta: Cliff's: the chance that a new one is larger minus that it is smaller, with its limits.
    """

    reference: float
    new: float
    difference: tuple[float, float, float]
    distance: float
    delta: tuple[float, float, float]


def effect(reference: Reals, new: Reals, level: float) -> Effect:
    """Measure how two samples of at least two numbers differ.

    Args:
        reference: (m,) numbers.
        new: (n,) numbers.
        level: of the intervals, such as .95.
    """
    from scipy.stats import norm  # help passes through this room, and scipy takes its time

    first, second = np.sort(reference.astype(np.float64)), np.sort(new.astype(np.float64))
    m, n = len(first), len(second)
    width = float(norm.ppf((1 + level) / 2))
    gap = float(second.mean() - first.mean())
    error = float(np.sqrt(first.var(ddof=1) / m + second.var(ddof=1) / n))
    delta, error_of_delta = _cliff(first, second)
    return Effect(
        float(first.mean()),
        float(second.mean()),
        (gap, gap - width * error, gap + width * error),
        distance(first, second),
        (delta, max(-1.0, delta - width * error_of_delta), min(1.0, delta + width * error_of_delta)),
    )


def distance(first: Reals, second: Reals) -> float:
    """The largest difference between the distribution functions of two sorted samples (Kolmogorov and Smirnov)."""
    values = np.concatenate([first, second])
    of_first = np.searchsorted(first, values, side="right") / len(first)
    of_second = np.searchsorted(second, values, side="right") / len(second)
    return float(np.abs(of_first - of_second).max())


def _cliff(first: Reals, second: Reals) -> tuple[float, float]:
    """Cliff's delta and its standard error, of sorted samples (DeLong, DeLong and Clarke-Pearson 1988)."""
    of_second, of_first = _placements(first, second), _placements(second, first)
    variance = of_second.var(ddof=1) / len(second) + of_first.var(ddof=1) / len(first)
    return float(of_second.mean()), float(np.sqrt(variance))


def _placements(among: Reals, values: Reals) -> NDArray[np.float64]:
    """(n,) the share of sorted numbers below each value minus the share above it."""
    below = np.searchsorted(among, values, side="left")
    above = len(among) - np.searchsorted(among, values, side="right")
    found: NDArray[np.float64] = (below - above) / len(among)
    return found
