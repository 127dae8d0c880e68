"""Bins of confidence, the calibration errors they give, and the reliability table.

Every error is a function of sums over the items of a bin, with the bins on the first axis and any number of resamples
behind it. The residual of an item is (1 if right else 0) - confidence; its noise is confidence * (1 - confidence), the
variance which that residual has if the model is calibrated.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sightline.metrics.documents.calibration import ReliabilityBin
from sightline.metrics.intervals.interval import wilson

Sums = NDArray[np.float64]


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


def expected_error(residual: Sums, total: Sums) -> Sums:
    """Mean gap between accuracy and confidence, weighted by the items of the bins (ECE; Guo et al. 2017).

    Never below what is true of the population, on average: noise makes gaps too (Roelofs et al. 2022).

    Args:
        residual: (bins, ...) sums of residuals.
        total: (...) items.
    """
    return np.asarray(np.abs(residual).sum(axis=0) / total)


def maximum_error(residual: Sums, count: Sums) -> Sums:
    """Largest gap between accuracy and confidence of any bin that holds items (MCE).

    Args:
        residual: (bins, ...) sums of residuals.
        count: (bins, ...) items.
    """
    gaps = np.divide(np.abs(residual), count, out=np.zeros(residual.shape), where=count > 0)
    return np.asarray(gaps.max(axis=0))


def debiased_error(residual: Sums, noise: Sums, total: Sums) -> Sums:
    """The expected error less what noise adds to it; averages 0 for a calibrated model, so it can be negative.

    It estimates the same mean absolute gap as `expected_error`. The bias of that comes from taking the size and the
    sign of a gap from the same items. Here one random half of a bin gives the sign and the other half the size,
    averaged over all ways to halve, in closed form for normal gaps: with z = residual / sqrt(noise) a bin
    contributes sqrt(noise) * (z * (2 Phi(z) - 1) - 2 phi(z)). The two halves err independently, so a calibrated model
    averages exactly 0 and gaps that are large against their noise count in full; between the two it stays below the
    truth, never above. The usual corrections miss that: taking off the bias by resampling (Kumar, Liang and Ma 2019)
    leaves over half of it for a calibrated model, and the root of the unbiased squared error (Bröcker 2012; Ferro and
    Fricker 2012) is biased again by its root.

    Args:
        residual: (bins, ...) sums of residuals.
        noise: (bins, ...) sums of noise.
        total: (...) items.
    """
    spread = np.sqrt(noise)
    z = np.divide(residual, spread, out=np.zeros(residual.shape), where=spread > 0)
    halves = spread * (z * (2 * ndtr(z) - 1) - np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2))
    return np.asarray(np.where(spread > 0, halves, np.abs(residual)).sum(axis=0) / total)


def reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int, level: float
) -> list[ReliabilityBin]:
    """The equal-width bins that hold items: their edges, count, mean confidence, and accuracy with Wilson limits.

    Args:
        confidence: (n,) probability of each prediction.
        right: (n,) whether it is right.
        bins: how many, empty ones included.
        level: confidence of the limits.
    """
    where = equal_width(confidence, bins)
    counts = np.bincount(where, minlength=bins)
    means = np.bincount(where, weights=confidence, minlength=bins) / np.maximum(counts, 1)
    hits = np.bincount(where, weights=right, minlength=bins)
    table: list[ReliabilityBin] = []
    for index in np.flatnonzero(counts):
        accuracy = wilson(int(hits[index]), int(counts[index]), level)
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
