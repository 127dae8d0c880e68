"""The sums over items that every score is a function of.

Each block has its classes or bins on the first axis and any number of resamples behind it, so that one call scores a
whole bootstrap. The residual of an item is (1 if right else 0) - confidence; its noise is
confidence * (1 - confidence), the variance which that residual has if the model is calibrated.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

Block = Literal[
    "right",
    "truth",
    "predicted",
    "total",
    "log_loss",
    "brier",
    "area",
    "bin_count",
    "bin_residual",
    "bin_noise",
    "mass_bin_residual",
    "class_bin_residual",
    "class_probability",
]
"""Names of sums:

- right, truth, predicted: (classes, ...) items of each class that were predicted as it, items of it, and items
  predicted as it.
- total: (...) items.
- log_loss, brier: (...) sums of the items' losses.
- area: () the area under the ROC curve of the items themselves.
- bin_count, bin_residual, bin_noise: (bins, ...) items, residuals and noise of the equal-width bins of confidence.
- mass_bin_residual: (bins, ...) residuals of the equal-mass bins.
- class_bin_residual: (classes, bins - 1, ...) residuals of each class's own probability, but for the first bin.
- class_probability: (classes, ...) sums of the probabilities.
"""

Sums = Mapping[Block, Reals]
"""Sums by name: the counts of the classes and the total always, others where a metric says that it needs them."""
Score = Callable[[Sums], Reals]
"""From sums to (...) values."""


def sums_of_confusion(confusion: Reals) -> Sums:
    """The counts of (..., classes, classes) confusion matrices, which may be fractions of items; rows are the truth."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    return {
        "right": _class_first(right),
        "truth": _class_first(confusion.sum(axis=-1)),
        "predicted": _class_first(confusion.sum(axis=-2)),
    }


def _class_first(counts: NDArray[np.generic]) -> Reals:
    return np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
