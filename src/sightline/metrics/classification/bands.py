"""How far the mean ROC and precision-recall curves of the classes would move with other items."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sightline.metrics.intervals.resampling import Resampling

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Band = tuple[Reals, Reals]

GRID = np.linspace(0.0, 1.0, 501)
"""The rates at which the curves of classes are averaged."""

_THRESHOLDS = 500
_MOST = 2_000_000_000
"""Products of classes, items and resamples that are affordable."""
_FEWEST = 50
"""Resamples that are worth it."""


def curve_bands(probabilities: Reals, labels: Ints, resampling: Resampling) -> tuple[Band, Band] | None:
    """Limits on `GRID`, relative to the mean curve: of the true positive rate, and of precision at each recall.

    Pointwise: each place holds by itself, not the whole curve at once. Every class has its own items, at up to 500
    thresholds, in the same resamples. None where items and classes are too many to do it 50 times,
    and where fewer than 50 resamples hold more than one class, as they do where each class is in one group.

    Args:
        probabilities: (n, classes); of two classes only the second counts.
        labels: (n,).
        resampling: how limits are found; fewer resamples are taken where items and classes are many.
    """
    n, classes = probabilities.shape
    count = np.bincount(labels, minlength=classes)
    chosen = [index for index in ([1] if classes == 2 else range(classes)) if 0 < count[index] < n]
    resamples = min(resampling.resamples, _MOST // max(1, n * len(chosen)))
    level = resampling.level
    if not chosen or resamples < _FEWEST:
        return None
    weights = np.concatenate([np.ones((n, 1)), *resampling.draws(n).weights(resamples, resamples)], axis=1)
    sums = np.zeros((2, len(GRID), resamples + 1))
    counted = np.zeros(resamples + 1)
    for index in chosen:
        positive = labels == index
        where = _thresholds(probabilities[:, index])
        true, false = (_called(where[part], weights[part]) for part in (positive, ~positive))
        for column in np.flatnonzero((true[-1] > 0) & (false[-1] > 0)):  # a resample may lack a class
            sums[:, :, column] += _curves(true[:, column], false[:, column])
            counted[column] += 1
    if np.count_nonzero(counted[1:]) < _FEWEST:
        return None
    means = (sums / np.maximum(counted, 1))[:, :, counted > 0]
    ends = np.quantile(means[:, :, 1:] - means[:, :, :1], [0.5 - level / 2, 0.5 + level / 2], axis=2)
    (roc_low, pr_low), (roc_high, pr_high) = ends
    return (np.minimum(roc_low, 0), np.maximum(roc_high, 0)), (np.minimum(pr_low, 0), np.maximum(pr_high, 0))


def _thresholds(scores: Reals) -> Ints:
    """(n,) which of the thresholds, the highest first, is the first to call each item positive; equals together."""
    levels, place = np.unique(-scores, return_inverse=True)
    return (place * min(_THRESHOLDS, len(levels)) // len(levels)).astype(np.int64)


def _called(where: Ints, weights: Reals) -> Reals:
    """(thresholds + 1, columns) weight of the items that are called positive, from none to all."""
    sums = csr_array((np.ones(len(where)), (where, np.arange(len(where)))), shape=(_THRESHOLDS, len(where))) @ weights
    return np.concatenate([np.zeros((1, weights.shape[1])), sums.cumsum(axis=0)])


def _curves(true: Reals, false: Reals) -> Reals:
    """(2, grid) true positive rate at each false positive rate, and precision at each recall."""
    recall = true / true[-1]
    called = true[1:] + false[1:]
    precision = np.divide(true[1:], called, out=np.ones_like(called), where=called > 0)
    found = np.minimum(np.searchsorted(recall[1:], GRID - 1e-12), len(precision) - 1)
    return np.stack([np.interp(GRID, false / false[-1], recall), precision[found]])
