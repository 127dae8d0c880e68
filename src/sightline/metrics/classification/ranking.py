"""Area under the ROC curve, one class against the rest, and what each item contributes to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RocAuc:
    """The areas of all classes and their mean.

    Attributes:
        per_class: (classes,) areas; NaN where the class has no item, or has all of them.
        macro: mean over the classes that have an area; NaN if none has.
        influence: (m, n) for each of the `m` labellings asked for, what an item with that label does to `macro`.
    """

    per_class: NDArray[np.float64]
    macro: float
    influence: NDArray[np.float64]


def roc_auc_ovr(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], labellings: tuple[NDArray[np.int64], ...] = ()
) -> RocAuc:
    """Macro one-against-rest area under the ROC curve; scikit-learn's value where no class is absent.

    With two classes both areas are that of the second class's probability, as in scikit-learn. The influence is the
    linear part of the area as a function of the item weights, whose variance is DeLong's (DeLong et al. 1988; weighted
    areas: Efron 1982, infinitesimal jackknife): resampling it costs one sum instead of one ranking a resample.

    Args:
        probabilities: (n, classes).
        labels: (n,), the truth behind the areas.
        labellings: labels, each (n,), for which to say what such items would do to the mean area.
    """
    n, classes = probabilities.shape
    per_class = np.full(classes, np.nan)
    influence = np.zeros((len(labellings), n))
    positives = np.bincount(labels, minlength=classes)
    for index in np.flatnonzero((positives > 0) & (positives < n)):
        if classes == 2 and index == 0:
            continue
        area, below, above = _area(probabilities[:, index], labels == index)
        per_class[index] = area
        share = positives[index] / n
        for row, other in zip(influence, labellings, strict=True):
            row += np.where(other == index, (below - area) / share, (above - area) / (1 - share))
    influence /= max(1, np.isfinite(per_class).sum())
    if classes == 2:
        per_class[0] = per_class[1]
    defined = per_class[np.isfinite(per_class)]
    return RocAuc(per_class, float(defined.mean()) if len(defined) else float("nan"), influence)


def _area(
    scores: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """The area; for every item the share of negatives below it and of positives above it, equals counted half."""
    order = np.argsort(scores)
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], len(scores))
    ranked = np.concatenate(([0], np.cumsum(positive[order])))
    positives_below = (ranked[starts] + ranked[ends]) / 2
    negatives_below = (starts + ends) / 2 - positives_below
    n_positive = int(ranked[-1])
    n_negative = len(scores) - n_positive
    area = float(((ranked[ends] - ranked[starts]) * negatives_below).sum() / (n_positive * n_negative))
    below = np.empty(len(scores))
    above = np.empty(len(scores))
    below[order] = np.repeat(negatives_below / n_negative, ends - starts)
    above[order] = np.repeat(1 - positives_below / n_positive, ends - starts)
    return area, below, above
