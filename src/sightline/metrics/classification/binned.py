"""Predictions with the bins of their confidences, and what each item adds to the sums from which every score follows.

With the items' contributions in one sparse matrix, a bootstrap is a product of that matrix with the weights of the
resamples, and the scores of all resamples come from one call.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from sightline.metrics.classification.bins import equal_mass, equal_width
from sightline.metrics.metric import Metric
from sightline.metrics.scores.items import brier_scores, log_losses
from sightline.metrics.scores.sums import Block, Sums

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_ALWAYS: frozenset[Block] = frozenset({"total", "right", "truth", "predicted"})
"""The counts, which every score may look at."""
_SINGLE: tuple[Block, ...] = ("total", "log_loss", "brier")
"""Blocks of one row, which are sums and not lists of them."""


def blocks_of(metrics: Iterable[Metric]) -> frozenset[Block]:
    """The sums behind these metrics."""
    return _ALWAYS.union(*(metric.needs for metric in metrics))


@dataclass(frozen=True)
class BinnedPredictions:
    """What a model predicted, and the bins its confidences fall into.

    Attributes:
        probabilities: (n, classes) float64.
        predicted: (n,) the class of each answer.
        bins: how many bins the calibration errors use.
        confidence: (n,) the probability of each answer.
        width_bin: (n,) equal-width bin of the confidence.
        mass_bin: (n,) equal-mass bin of the confidence.
        cells: items, classes and bins (from 1) of all probabilities above the first equal-width bin, three rows.
    """

    probabilities: Reals
    predicted: Ints
    bins: int
    confidence: Reals
    width_bin: Ints
    mass_bin: Ints
    cells: Ints

    @classmethod
    def of(cls, probabilities: Reals, bins: int, predicted: Ints | None = None) -> "BinnedPredictions":
        """Put predictions into bins; without `predicted` it is the most probable class, the first of equals."""
        if predicted is None:
            predicted = probabilities.argmax(axis=1)
        confidence = probabilities[np.arange(len(predicted)), predicted]
        items, classes = np.nonzero(probabilities > np.linspace(0.0, 1.0, bins + 1)[1])
        cells = np.stack([items, classes, equal_width(probabilities[items, classes], bins)])
        width = equal_width(confidence, bins)
        mass = equal_mass(confidence, bins)
        return cls(probabilities, predicted, bins, confidence, width, mass, cells)

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.probabilities.shape[1])

    @property
    def blocks(self) -> dict[Block, slice]:
        """The rows of the matrix of contributions, by name."""
        k = self.classes
        bins = self.bins
        sizes: dict[Block, int] = {"right": k, "truth": k, "predicted": k, "total": 1, "log_loss": 1, "brier": 1}
        sizes |= {"bin_count": bins, "bin_residual": bins, "bin_noise": bins, "mass_bin_residual": bins}
        sizes |= {"class_bin_residual": k * (bins - 1)}
        ends = np.cumsum(list(sizes.values())).tolist()
        return {name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)}

    def rows_of(self, wanted: Collection[Block]) -> Ints:
        """The rows of these blocks."""
        blocks = self.blocks
        return np.concatenate([np.arange(blocks[name].start, blocks[name].stop) for name in blocks if name in wanted])

    @property
    def noise(self) -> Reals:
        """(bins,) variance of the residuals of the equal-width bins if the model is calibrated."""
        variance = self.confidence * (1 - self.confidence)
        return np.bincount(self.width_bin, variance, minlength=self.bins).astype(np.float64)

    def contributions(self, labels: Ints) -> csr_array:
        """(sums, n) what each item adds if `labels` is the truth.

        Args:
            labels: (n,).
        """
        n = len(self)
        place = {name: block.start for name, block in self.blocks.items()}
        every = np.arange(n)
        ones = np.ones(n)
        right = labels == self.predicted
        residual = right - self.confidence
        noise = self.confidence * (1 - self.confidence)
        items, classes, bins = self.cells
        cell = classes * (self.bins - 1) + bins - 1
        parts: list[tuple[Ints, Ints, Reals]] = [
            (place["right"] + labels[right], every[right], ones[right]),
            (place["truth"] + labels, every, ones),
            (place["predicted"] + self.predicted, every, ones),
            (np.full(n, place["total"]), every, ones),
            (np.full(n, place["log_loss"]), every, log_losses(self.probabilities, labels)),
            (np.full(n, place["brier"]), every, brier_scores(self.probabilities, labels)),
            (place["bin_count"] + self.width_bin, every, ones),
            (place["bin_residual"] + self.width_bin, every, residual),
            (place["bin_noise"] + self.width_bin, every, noise),
            (place["mass_bin_residual"] + self.mass_bin, every, residual),
            (
                place["class_bin_residual"] + cell,
                items,
                (labels[items] == classes) - self.probabilities[items, classes],
            ),
        ]
        rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        return coo_array((values, (rows, columns)), shape=(self.blocks["class_bin_residual"].stop, n)).tocsr()

    def sums(self, products: Reals, class_probability: Reals | None = None, area: float = np.nan) -> Sums:
        """The sums by name.

        Args:
            products: (sums, resamples) of `contributions` and weights.
            class_probability: (classes, resamples) weighted sums of the probabilities, where a score needs them.
            area: the area under the ROC curve of the items themselves, where a score needs it.
        """
        found: dict[Block, Reals] = {name: products[block] for name, block in self.blocks.items()}
        found |= {name: found[name][0] for name in _SINGLE}
        found["class_bin_residual"] = found["class_bin_residual"].reshape(self.classes, self.bins - 1, -1)
        found["area"] = np.asarray(area)
        if class_probability is not None:
            found["class_probability"] = class_probability
        return found
