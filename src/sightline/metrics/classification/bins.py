"""Bins of confidence, and the reliability table."""

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.documents.calibration import ReliabilityBin
from sightline.metrics.intervals.resampling import Resampling


def equal_width(values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """The bin of each value among `bins` equal parts of [0, 1]: (low, high], and 0 in the first."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    return np.clip(np.searchsorted(edges, values, side="left") - 1, 0, bins - 1)


def equal_mass(values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """The bin of each value among `bins` parts with about as many values each, split at quantiles, right-closed.

    Equal values stay together, whatever their order, so a bin may hold more than its share or none.
    """
    inner = np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf")
    return np.searchsorted(inner, values, side="left").astype(np.int64)


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int, resampling: Resampling
) -> list[ReliabilityBin]:
    """The equal-width bins that hold items: their edges, count, mean confidence, and accuracy with Wilson limits.

    Items in groups count as fewer than they are.

    Args:
        confidence: (n,) probability of each prediction.
        right: (n,) whether it is right.
        bins: how many, empty ones included.
        resampling: the confidence of the limits, and which items belong together.
    """
    where = equal_width(confidence, bins)
    counts = np.bincount(where, minlength=bins)
    means = np.bincount(where, weights=confidence, minlength=bins) / np.maximum(counts, 1)
    table: list[ReliabilityBin] = []
    for index in np.flatnonzero(counts):
        held = where == index
        accuracy = resampling.among(held).share(right[held])
        table.append(
            {
                "low": float(index / bins),
                "high": float((index + 1) / bins),
                "count": int(counts[index]),
                "confidence": float(means[index]),
                "accuracy": accuracy.value,
                "accuracy_low": accuracy.low,
                "accuracy_high": accuracy.high,
            }
        )
    return table
