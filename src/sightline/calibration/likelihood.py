"""The likelihood of a temperature: how well logits over it tell the truth of some items."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]
Logits = NDArray[np.float32] | NDArray[np.float64]

LOWEST, HIGHEST = 1e-3, 1e3
"""The temperatures that can come out; who needs one beyond them has logits of an absurd scale."""

_ROWS = 4_000_000


@dataclass(frozen=True)
class Likelihood:
    """Logits and the truth, as a function of the temperature.

    Attributes:
        logits: (n, classes), finite.
        largest: (n,) of each item's.
        of_truth: (n,) the logit of the truth less the largest.
    """

    logits: Logits
    largest: Reals
    of_truth: Reals

    @classmethod
    def of(cls, logits: Logits, labels: Ints) -> "Likelihood":
        """Of (n, classes) logits and (n,) labels.

        Raises:
            ValueError: there are no items.
        """
        n = len(labels)
        if n == 0:
            raise ValueError("no items to fit a temperature on")
        largest = logits.max(axis=1).astype(np.float64)
        return cls(logits, largest, logits[np.arange(n), labels] - largest)

    @property
    def constant(self) -> bool:
        """Whether the logits tell no class from another."""
        return not np.ptp(self.logits, axis=1).any()

    @property
    def largest_lead(self) -> float:
        """Of an answer over its runner-up."""
        first = np.partition(self.logits, -2, axis=1)[:, -2:].astype(np.float64)
        return float((first[:, 1] - first[:, 0]).max())

    def slope(self, log_temperature: float) -> float:
        """Of the negative log-likelihood in 1 / T; falls as T rises."""
        return float(self.slopes(log_temperature).sum())

    def slopes(self, log_temperature: float) -> Reals:
        """(n,) the same of each item: the expected logit less the true one."""
        inverse = math.exp(-log_temperature)
        expected = []
        for part in self._parts():
            mass = np.exp(part * inverse)
            expected.append(np.einsum("ij,ij->i", mass, part) / mass.sum(axis=1))
        return np.concatenate(expected) - self.of_truth

    def loss(self, log_temperature: float) -> float:
        """The negative log-likelihood."""
        inverse = math.exp(-log_temperature)
        total = sum(float(np.log(np.exp(part * inverse).sum(axis=1)).sum()) for part in self._parts())
        return total - inverse * float(self.of_truth.sum())

    def likeliest(self) -> float:
        """The temperature of the least loss."""
        low, high = math.log(LOWEST), math.log(HIGHEST)
        if self.constant:
            return 1.0
        if self.slope(low) <= 0:
            return LOWEST
        if self.slope(high) >= 0:
            return HIGHEST
        return math.exp(brentq(self.slope, low, high, xtol=1e-8))

    def curvature(self, log_temperature: float) -> float:
        """Of the negative log-likelihood in 1 / T: the sum of the variances of the logits under the probabilities."""
        total = 0.0
        for part in self._parts():
            shares = np.exp(part * math.exp(-log_temperature))
            shares /= shares.sum(axis=1, keepdims=True)
            mean = np.einsum("ij,ij->i", shares, part)
            total += float(np.einsum("ij,ij->", shares, (part - mean[:, None]) ** 2))
        return total

    def _parts(self) -> Iterator[Reals]:
        """The logits less the largest of each item, in float64; rows in turns, for memory."""
        rows = max(1, _ROWS // self.logits.shape[1])
        for start in range(0, len(self.largest), rows):
            yield self.logits[start : start + rows] - self.largest[start : start + rows, None]


def spread(slopes: Reals, groups: Ints | None) -> float:
    """The variance of the sum of such slopes over items, or groups, drawn anew."""
    sums = slopes if groups is None else np.bincount(np.unique(groups, return_inverse=True)[1], weights=slopes)
    units = len(sums)
    return float(((sums - sums.mean()) ** 2).sum()) * units / (units - 1) if units > 1 else math.inf


def share(part: float, whole: float) -> float:
    """A ratio, 1 at most and where it is not defined."""
    return min(1.0, part / whole) if part > 0 and whole > 0 else 1.0
