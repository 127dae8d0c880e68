"""Area under the ROC curve, one class against the rest, and what each item contributes to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.intervals.interval import UNSEEN_GROUP

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class RocAuc:
    """The areas of all classes and their mean.

    Attributes:
        per_class: (classes,) areas; NaN where the class has no item, or has all of them.
        macro: mean over the classes that have an area; NaN if none has.
        influence: (n,) what each item does to `macro`: the linear part of the area as a function of the item weights.
        sizes: (classes,) how many independent items, as a share of right ones, would give each area its variance.
        inflation: variance of `macro` over that of independent areas.
    """

    per_class: Reals
    macro: float
    influence: Reals
    sizes: Reals
    inflation: float


def roc_auc_ovr(probabilities: Reals, labels: Ints, groups: Ints | None = None) -> RocAuc:
    """Macro one-against-rest area under the ROC curve; scikit-learn's value where no class is absent.

    With two classes both areas are that of the second class's probability, as in scikit-learn. Variances are DeLong's
    (DeLong et al. 1988; of groups Obuchowski 1997), but no less than scores that overlap smoothly would have, which is
    what Newcombe (2006, method 5) takes: where two classes never overlap, items alone would say that they never can.

    Args:
        probabilities: (n, classes).
        labels: (n,), the truth behind the areas.
        groups: (n,) which items belong together, as integers from 0, or None.
    """
    n, classes = probabilities.shape
    per_class, sizes = np.full(classes, np.nan), np.zeros(classes)
    influence, apart = np.zeros(n), 0.0
    positives = np.bincount(labels, minlength=classes)
    for index in np.flatnonzero((positives > 0) & (positives < n)):
        if classes == 2 and index == 0:
            continue
        of_class = labels == index
        area, below, above = area_and_ranks(probabilities[:, index], of_class)
        own = np.where(of_class, (below - area) / positives[index], (above - area) / (n - positives[index]))
        variance = _variance(own, of_class, groups) + _unseen(area, groups)
        per_class[index], sizes[index] = area, _effective_size(area, variance, int(positives[index]), n)
        influence += own
        apart += variance
    defined = np.isfinite(per_class)
    together = _variance(influence, None, groups)
    influence *= n / max(1, defined.sum())
    if classes == 2:
        per_class[0], sizes[0] = per_class[1], sizes[1]
    macro = float(per_class[defined].mean()) if defined.any() else float("nan")
    return RocAuc(per_class, macro, influence, sizes, max(1.0, together / apart) if apart > 0 else 1.0)


def _variance(influence: Reals, positive: NDArray[np.bool_] | None, groups: Ints | None) -> float:
    """Of a sum of influences: with n - 1 of each kind, or of the groups."""
    if groups is not None:
        sums = np.bincount(groups, influence)
        return float((sums**2).sum() * len(sums) / max(1, len(sums) - 1))
    squares = influence**2
    if positive is None:
        return float(squares.sum())
    kinds = [positive, ~positive]
    return float(sum(squares[kind].sum() * kind.sum() / max(1, kind.sum() - 1) for kind in kinds))


def _unseen(area: float, groups: Ints | None) -> float:
    """Variance that a group unlike all others may bring, as `effective_sizes` has it."""
    return 0.0 if groups is None else UNSEEN_GROUP * (max(area, 1 - area) / (int(groups.max()) + 1)) ** 2


def _effective_size(area: float, variance: float, positives: int, n: int) -> float:
    """Items that would give a share the variance of an area; no more than a smooth overlap has."""
    negatives = n - positives
    if min(positives, negatives) == 1:
        return 1.0  # where the next one would lie nobody knows
    half = (n / 2 - 1) * ((1 - area) / (2 - area) + area / (1 + area))
    smooth = positives * negatives / (1 + half)
    if not 0 < area < 1 or variance == 0:
        return float(smooth)
    return float(min(smooth, area * (1 - area) / variance))


def area_and_ranks(scores: Reals, positive: NDArray[np.bool_]) -> tuple[float, Reals, Reals]:
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
