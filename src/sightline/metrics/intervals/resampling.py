"""How intervals are found: one value that everything measured takes."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sightline.errors import UsageError
from sightline.metrics.intervals.bootstrap import Resampler
from sightline.metrics.intervals.interval import Interval, effective_size, wilson, wilson_share, z_score

Ints = NDArray[np.int64]


def group_codes(groups: NDArray[np.str_] | None, n: int) -> Ints | None:
    """(n,) groups as integers from 0.

    Raises:
        UsageError: there is not one group for each item.
    """
    if groups is None:
        return None
    if len(groups) != n:
        raise UsageError(f"groups: {len(groups)} for {n} predictions; there must be one for each")
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class AddedItems:
    """Items that each resample holds besides those that are drawn: what Agresti and Coull (1998) add to a proportion.

    Without them a model that makes no mistake on these items would seem certain to make none.

    Attributes:
        rate: how many that are wrong, on average, and how many that are right: z^2 / 2 of each.
        weight: of one of them, as large a share of the items as one independent item has.
    """

    rate: float
    weight: float


@dataclass(frozen=True)
class Resampling:
    """How sure intervals are, and how the items are resampled for them.

    Attributes:
        level: confidence of all limits, such as 0.95.
        resamples: how many resamples the bootstrap takes.
        seed: of all draws.
        groups: (n,) which items belong together (a patient, a video) as integers from 0 (`group_codes`), or None where
            each stands for itself.
    """

    level: float
    resamples: int
    seed: int
    groups: Ints | None = None

    def draws(self, n: int) -> Resampler:
        """Resamples of n items, or of whole groups; how many there are of a class is chance, as it is in the sample."""
        return Resampler(np.zeros(n, dtype=np.int64), self.groups, self.seed)

    def named(self, method: str) -> str:
        """The name of a method, and that it looked at groups."""
        return method + ("" if self.groups is None else ", groups")

    @property
    def n_groups(self) -> int | None:
        """How many groups there are, or None where items stand for themselves."""
        return None if self.groups is None else int(self.groups.max()) + 1

    def among(self, chosen: NDArray[np.bool_]) -> "Resampling":
        """The same for some of the items, with the groups that these are of."""
        if self.groups is None:
            return self
        codes = np.unique(self.groups[chosen], return_inverse=True)[1].astype(np.int64)
        return replace(self, groups=codes)

    def effective_size(self, hits: NDArray[np.bool_]) -> float:
        """How many independent items these are worth as a sample of hits."""
        return float(len(hits)) if self.groups is None else effective_size(hits, self.groups)

    def added_items(self, right: NDArray[np.bool_]) -> AddedItems:
        """What is added to resamples of (n,) answers that are right or wrong."""
        return AddedItems(z_score(self.level) ** 2 / 2, len(right) / max(1.0, self.effective_size(right)))

    @property
    def caution(self) -> float:
        """How much wider few groups make an interval: Student's t over the normal quantile."""
        if self.groups is None:
            return 1.0
        return float(stdtrit(max(1, int(self.groups.max())), 0.5 + self.level / 2)) / z_score(self.level)

    def share(self, hits: NDArray[np.bool_]) -> Interval:
        """The share of items that are hits with Wilson's limits; items in groups count as fewer than they are."""
        if self.groups is None:
            return wilson(int(hits.sum()), len(hits), self.level, "Wilson")
        size = self.effective_size(hits) / self.caution**2
        return wilson_share(float(hits.mean()), size, self.level, "Wilson, groups")

    def widened(self, found: Interval, smallest: float, largest: float) -> Interval:
        """Limits as wide as few groups make them, kept within what the value can be."""
        low, high = (found.value + self.caution * (end - found.value) for end in (found.low, found.high))
        return Interval(found.value, max(smallest, low), min(largest, high), found.level, self.named(found.method))
