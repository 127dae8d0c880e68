"""One member's metric as a function of what each unit of the items adds: what deletions and swaps are made from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from sightline.metrics.classification.binned import BinnedPredictions, blocks_of
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.metric import Metric
from sightline.metrics.predictions import Predictions

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST = 200_000_000
"""Numbers that the deletions of one member may take; with more, units are deleted several at once."""
_BLOCK = 4_000_000


@dataclass(frozen=True)
class Judged:
    """What one trained model scores.

    Attributes:
        units: (sums, units) what the items of each unit add to the sums: an item's own, or those of a group.
        score: from (sums, columns) to (columns,) values of the metric.
        linear: whether the metric is a mean over items, the sums of which are its numerator and the count of items.
    """

    units: csr_array
    score: Callable[[Reals], Reals]
    linear: bool

    @property
    def value(self) -> float:
        """Of all items."""
        return float(self.score(np.asarray(self.units.sum(axis=1), dtype=np.float64).reshape(-1, 1))[0])

    def without_each(self, seed: int) -> Reals:
        """(units,) the metric without each unit in turn; very many are put together at random."""
        sums, count = self.units.shape
        parts = self.units
        most = max(1000, _MOST // sums)
        if count > most:
            owner = np.random.default_rng(seed).permutation(count) % most
            parts = parts @ csr_array((np.ones(count), (np.arange(count), owner)), shape=(count, most))
        total = np.asarray(parts.sum(axis=1), dtype=np.float64).reshape(-1, 1)
        if parts.shape[0] * parts.shape[1] <= _BLOCK:
            return self.score(total - parts.toarray())
        step, columns = max(1, _BLOCK // sums), parts.tocsc()
        starts = range(0, parts.shape[1], step)
        return np.concatenate([self.score(total - columns[:, start : start + step].toarray()) for start in starts])


@dataclass(frozen=True)
class Answers:
    """What one member answered, ready to be judged by any metric.

    Attributes:
        scored: its predictions for n items beside their truth.
    """

    scored: Scored

    @classmethod
    def of(cls, member: Predictions, bins: int) -> Self:
        """Put predictions into `bins` bins of confidence."""
        predicted = member.logits.argmax(axis=1).astype(np.int64)
        return cls(Scored(BinnedPredictions.of(member.probabilities(), bins, predicted), member.labels))

    @cached_property
    def contributions(self) -> csr_array:
        """(sums, n) what each item adds to the sums behind all scores but the area under ROC curves."""
        return self.scored.binned.contributions(self.scored.labels)

    def judged(self, metric: Metric, owner: Ints | None) -> Judged:
        """By a metric.

        Args:
            metric: which.
            owner: (n,) the group of each item as integers from 0, or None where each stands for itself.
        """
        if (per_item := self._means(metric)) is not None:
            rows = csr_array(np.stack([per_item, np.ones(len(per_item))]))
            return Judged(_by_unit(rows, owner), lambda sums: sums[0] / sums[1], linear=True)
        binned, needed = self.scored.binned, blocks_of([metric])
        rows = self.contributions[binned.rows_of(needed)]
        if "class_probability" in needed:
            rows = vstack([rows, csr_array(binned.probabilities.T)]).tocsr()
        return Judged(_by_unit(rows, owner), _score(binned, metric), linear=False)

    def _means(self, metric: Metric) -> Reals | None:
        """(n,) what a metric is the mean of, or None; of an area it is the linear part (DeLong et al. 1988)."""
        if metric.hits is not None:
            return self.scored.hits(metric).astype(np.float64)
        if metric.losses is not None:
            return metric.losses(self.scored.binned.probabilities, self.scored.labels)
        if metric.mean is not None and metric.mean.of == "area":
            return np.asarray(self.scored.auc.macro + self.scored.auc.influence)
        return None


def _by_unit(rows: csr_array, owner: Ints | None) -> csr_array:
    if owner is None:
        return rows
    shape = (len(owner), int(owner.max()) + 1)
    return csr_array(rows @ csr_array((np.ones(len(owner)), (np.arange(len(owner)), owner)), shape=shape))


def _score(binned: BinnedPredictions, metric: Metric) -> Callable[[Reals], Reals]:
    """From the sums that a metric needs to its values."""
    score, places, start = metric.score, {}, 0
    assert score is not None, f"{metric.name} has no score"
    needed = blocks_of([metric])
    for name, block in binned.blocks.items():
        if name in needed:
            size = block.stop - block.start
            places[name] = slice(start, start + size)
            start += size
    classes, bins = binned.classes, binned.bins

    def values(sums: Reals) -> Reals:
        found = {name: sums[place] for name, place in places.items()}
        found["total"] = found["total"][0]
        if "bin_noise" in places:  # a variance: what subtraction leaves below 0 is rounding
            found["bin_noise"] = np.maximum(found["bin_noise"], 0.0)
        if "class_bin_residual" in places:
            found["class_bin_residual"] = found["class_bin_residual"].reshape(classes, bins - 1, -1)
        if "class_probability" in needed:
            found["class_probability"] = sums[start:]
        return score(found)

    return values
