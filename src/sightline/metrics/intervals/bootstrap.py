"""Weights of resamples, and the limits that a value's resamples give it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from sightline.metrics.intervals.interval import Interval, wilson_share

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


class Resampler:
    """Draws resamples as weights of items: within strata, or of whole groups where there are groups.

    Of the m units of a stratum m - 1 are drawn with replacement and weigh m / (m - 1) each, which makes the variance
    between resamples that of the estimate even where m is small (Rao and Wu 1988). A unit alone in its stratum is
    always there.

    Args:
        strata: (n,) the stratum of each item, such as its class, as integers from 0. Not used with `groups`.
        groups: (n,) the group of each item as integers from 0, or None where every item stands for itself.
        seed: of all draws.

    Attributes:
        spread: (n, units) sparse, what each item weighs for every time that its unit is drawn.
    """

    def __init__(self, strata: Ints, groups: Ints | None, seed: int) -> None:
        unit_strata = strata if groups is None else np.zeros(int(groups.max()) + 1, dtype=np.int64)
        order = np.argsort(unit_strata, kind="stable")
        _, starts, sizes = np.unique(unit_strata[order], return_index=True, return_counts=True)
        drawn = np.maximum(sizes - 1, 1)
        self._starts, self._sizes = np.repeat(starts, drawn), np.repeat(sizes, drawn).astype(np.uint64)
        scale = np.repeat(sizes / drawn, sizes)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        place = place if groups is None else place[groups]
        self._items, self._units = len(strata), len(order)
        every = np.arange(self._items + 1)
        self.spread = csr_array((scale[place], place, every), shape=(self._items, self._units))
        self._draws, self._extras = (np.random.default_rng([seed, stream]) for stream in range(2))

    def counts(self, resamples: int, block: int) -> Iterator[Ints]:
        """Yield (units, up to `block`) how often each unit was drawn, until there were `resamples` columns.

        `spread` @ counts are the weights of the items; who sums over items may take sums @ `spread` once instead.
        """
        for start in range(0, resamples, block):
            columns = min(block, resamples - start)
            # 32 random bits times a size, over 2^32: a place below the size, in half the time that floats take.
            places = self._draws.integers(2**32, size=(columns, len(self._starts)), dtype=np.uint32).astype(np.uint64)
            places *= self._sizes
            places >>= np.uint64(32)
            drawn = places.view(np.int64)
            drawn += self._starts
            drawn *= columns
            drawn += np.arange(columns)[:, None]
            yield np.bincount(drawn.ravel(), minlength=columns * self._units).reshape(self._units, columns)

    def weights(self, resamples: int, block: int) -> Iterator[Reals]:
        """Yield (n, up to `block`) weights of the items until there were `resamples` columns."""
        for counts in self.counts(resamples, block):
            yield self.spread @ counts.astype(np.float64)

    def extras(self, resamples: int, rate: float, weight: float) -> csc_array:
        """(n, resamples) weights of a Poisson number of further items, `rate` on average, any item alike."""
        ends = np.cumsum(np.concatenate(([0], self._extras.poisson(rate, resamples))))
        items = self._extras.integers(self._items, size=ends[-1])
        return csc_array((np.full(len(items), weight), items, ends), shape=(self._items, resamples))


def share_limits(value: float, samples: Reals, centre: float, level: float) -> Interval:
    """Limits of a score between 0 and 1 that behaves like a share of right items.

    Wilson's limits with as many items as would give a share the variance of the resamples. Where mistakes are few they
    hold better than percentiles, which then are coarse. Resamples are as much off `centre` as the value is off the
    truth: that bias comes off first, as far as it exceeds three standard errors and cannot be chance.
    """
    mean = float(samples.mean())
    spread = float(samples.std())
    surplus = abs(mean - centre) - 3 * spread / np.sqrt(len(samples))
    corrected = float(np.clip(value - np.sign(mean - centre) * max(0.0, surplus), 0.0, 1.0))
    size = max(1.0, mean * (1 - mean) / max(spread**2, np.finfo(np.float64).eps))
    found = wilson_share(corrected, size, level)
    return Interval(value, min(found.low, value), max(found.high, value), level, "bootstrap, Wilson")


def reach(samples: Reals, level: float) -> tuple[float, float]:
    """How far below and above their mean the middle `level` of the resamples reaches."""
    low, high = np.quantile(samples, [0.5 - level / 2, 0.5 + level / 2])
    return float(max(0.0, samples.mean() - low)), float(max(0.0, high - samples.mean()))
