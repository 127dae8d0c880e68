"""What each item adds to the sums from which every score follows.

All scores but top-k and per-class ones are functions of weighted sums over items. With the items' contributions in one
sparse matrix, a bootstrap is a product of that matrix with the weights of the resamples, and the scores of all
resamples come from one call.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from sightline.metrics.classification.calibration_error import (
    debiased_error,
    equal_mass,
    equal_width,
    expected_error,
    maximum_error,
)
from sightline.metrics.classification.scores import brier_scores, count_scores, log_losses

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


_ALWAYS = ("total", "right", "truth", "predicted")
_NEEDS = {
    "roc_auc_ovr": ("auc",),
    "log_loss": ("log_loss",),
    "brier": ("brier",),
    "ece": ("residual", "noise"),
    "ece_debiased": ("residual", "noise"),
    "ece_adaptive": ("mass",),
    "ece_classwise": ("cells",),
    "mce": ("residual", "count"),
}
"""The blocks of the matrix behind each score, besides the counts of the classes."""


@dataclass(frozen=True)
class Answers:
    """What a model answered, and the bins its confidences fall into.

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
    def of(cls, probabilities: Reals, bins: int, predicted: Ints | None = None) -> "Answers":
        """Put answers into bins; without `predicted` each answer is the most probable class, the first of equals."""
        if predicted is None:
            predicted = probabilities.argmax(axis=1)
        confidence = probabilities[np.arange(len(predicted)), predicted]
        items, classes = np.nonzero(probabilities > np.linspace(0.0, 1.0, bins + 1)[1])
        cells = np.stack([items, classes, equal_width(probabilities[items, classes], bins)])
        width, mass = equal_width(confidence, bins), equal_mass(confidence, bins)
        return cls(probabilities, predicted, bins, confidence, width, mass, cells)

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return int(self.probabilities.shape[1])

    @property
    def _blocks(self) -> dict[str, slice]:
        """The rows of the matrix, by name."""
        k, bins = self.classes, self.bins
        sizes = {"right": k, "truth": k, "predicted": k, "total": 1, "log_loss": 1, "brier": 1, "auc": 1}
        sizes |= {"count": bins, "residual": bins, "noise": bins, "mass": bins, "cells": k * (bins - 1)}
        ends = np.cumsum(list(sizes.values())).tolist()
        return {name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)}

    def rows_of(self, names: Collection[str]) -> Ints:
        """The rows of the matrix that these scores need; what `scores` makes of zeros in the others is no score."""
        blocks, wanted = self._blocks, {*_ALWAYS, *(block for name in names for block in _NEEDS.get(name, ()))}
        return np.concatenate([np.arange(blocks[name].start, blocks[name].stop) for name in blocks if name in wanted])

    @property
    def residuals(self) -> slice:
        """The rows of the matrix that hold the residuals of the equal-width bins."""
        return self._blocks["residual"]

    @property
    def noise(self) -> Reals:
        """(bins,) variance of these residuals if the model is calibrated."""
        own = self.confidence * (1 - self.confidence)
        return np.bincount(self.width_bin, own, minlength=self.bins).astype(np.float64)

    def contributions(self, labels: Ints, auc: Reals | None = None) -> csr_array:
        """(sums, n) what each item adds if `labels` is the truth.

        Args:
            labels: (n,).
            auc: (n,) influence on the area under the ROC curve, where that is wanted.
        """
        n, place = len(self), {name: block.start for name, block in self._blocks.items()}
        every, ones, right = np.arange(n), np.ones(n), labels == self.predicted
        items, classes, bins = self.cells
        parts: list[tuple[Ints, Ints, Reals]] = [
            (place["right"] + labels[right], every[right], ones[right]),
            (place["truth"] + labels, every, ones),
            (place["predicted"] + self.predicted, every, ones),
            (np.full(n, place["total"]), every, ones),
            (np.full(n, place["log_loss"]), every, log_losses(self.probabilities, labels)),
            (np.full(n, place["brier"]), every, brier_scores(self.probabilities, labels)),
            (np.full(n, place["auc"]), every, np.zeros(n) if auc is None else auc),
            (place["count"] + self.width_bin, every, ones),
            (place["residual"] + self.width_bin, every, right - self.confidence),
            (place["noise"] + self.width_bin, every, self.confidence * (1 - self.confidence)),
            (place["mass"] + self.mass_bin, every, right - self.confidence),
            (
                place["cells"] + classes * (self.bins - 1) + bins - 1,
                items,
                (labels[items] == classes) - self.probabilities[items, classes],
            ),
        ]
        rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        return coo_array((values, (rows, columns)), shape=(self._blocks["cells"].stop, n)).tocsr()

    def scores(self, sums: Reals, mass: Reals, area: float) -> dict[str, Reals]:
        """Every score of every resample.

        Args:
            sums: (sums, resamples) products of `contributions` and weights.
            mass: (classes, resamples) weighted sums of the probabilities.
            area: the area under the ROC curve of the items themselves.

        Returns:
            (resamples,) values by name. The area is linear in the weights: exact for the items themselves.
        """
        part = {name: sums[block] for name, block in self._blocks.items()}
        total = part["total"][0]
        cells = part["cells"].reshape(self.classes, self.bins - 1, -1)
        # What is not in a higher bin is in the first, so the many small probabilities need no cell of their own.
        first = part["truth"] - mass - cells.sum(axis=1)
        return count_scores(part["right"], part["truth"], part["predicted"]) | {
            "roc_auc_ovr": np.clip(area + part["auc"][0] / total, 0.0, 1.0),
            "log_loss": part["log_loss"][0] / total,
            "brier": part["brier"][0] / total,
            "ece": expected_error(part["residual"], total),
            "ece_debiased": debiased_error(part["residual"], part["noise"], total),
            "ece_adaptive": expected_error(part["mass"], total),
            "ece_classwise": (np.abs(first) + np.abs(cells).sum(axis=1)).mean(axis=0) / total,
            "mce": maximum_error(part["residual"], part["count"]),
        }
