"""Area under the ROC curve, one class against the rest, and what each item contributes to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.intervals.interval import UNSEEN_GROUP, z_score
from sightline.metrics.intervals.score_test import by_group, furthest_mean

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


_QUANTILE = z_score(0.95)
"""At which an effective size is found; it hardly depends on it."""


@dataclass(frozen=True)
class RocAuc:
    """The areas of all classes and their mean.

    Attributes:
        per_class: (classes,) areas; NaN where the class has no item, or has all of them.
        macro: mean over the classes that have an area; NaN if none has.
        influence: (n,) what each item does to `macro`: the linear part of the area as a function of the item weights.
        sizes: (classes,) how many independent items, as a share of right ones, would give each area its limits.
        sizes_in_mean: (classes,) the same for its part in the limits of `macro`, for which each area moves less far.
        inflation: variance of `macro` over that of independent areas.
    """

    per_class: Reals
    macro: float
    influence: Reals
    sizes: Reals
    sizes_in_mean: Reals
    inflation: float


def roc_auc_ovr(probabilities: Reals, labels: Ints, groups: Ints | None = None) -> RocAuc:
    """Macro one-against-rest area under the ROC curve; scikit-learn's value where no class is absent.

    With two classes both areas are that of the second class's probability, as in scikit-learn. Variances are DeLong's
    (DeLong et al. 1988; of groups Obuchowski 1997), but no less than scores that overlap smoothly would have, which is
    what Newcombe (2006, method 5) takes: where two classes never overlap, items alone would say that they never can;
    and no less than they have if an item like none seen, ranked behind all others, is possible.

    Args:
        probabilities: (n, classes).
        labels: (n,), the truth behind the areas.
        groups: (n,) which items belong together, as integers from 0, or None.
    """
    n, classes = probabilities.shape
    per_class, sizes, sizes_in_mean = np.full(classes, np.nan), np.zeros(classes), np.zeros(classes)
    influence, apart = np.zeros(n), 0.0
    positives = np.bincount(labels, minlength=classes)
    areas = [1] if classes == 2 else range(classes)
    known = [index for index in areas if 0 < positives[index] < n]
    for index in known:
        of_class = labels == index
        area, below, above = area_and_ranks(probabilities[:, index], of_class)
        own = np.where(of_class, (below - area) / positives[index], (above - area) / (n - positives[index]))
        variance = _variance(own, of_class, groups) + _unseen(area, groups)
        size = _effective_size(area, variance, int(positives[index]), n)
        ahead = Ahead.of(below, above, of_class, groups)
        per_class[index] = area
        sizes[index] = min(size, ahead.size(area, _QUANTILE))
        sizes_in_mean[index] = min(size, ahead.size(area, _QUANTILE / len(known) ** 0.5))
        influence += own
        apart += variance
    defined = np.isfinite(per_class)
    together = _variance(influence, None, groups)
    influence *= n / max(1, defined.sum())
    if classes == 2:
        per_class[0], sizes[0], sizes_in_mean[0] = per_class[1], sizes[1], sizes_in_mean[1]
    macro = float(per_class[defined].mean()) if defined.any() else float("nan")
    return RocAuc(per_class, macro, influence, sizes, sizes_in_mean, max(1.0, together / apart) if apart > 0 else 1.0)


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


@dataclass(frozen=True)
class Ahead:
    """The area as a mean over the rarer kind, of the share of the others that each item is ahead of.

    Attributes:
        shares: (m,) of the rarer kind's items, or of groups of them.
        of_others: variance that the items of the other kind give the mean.
    """

    shares: Reals
    of_others: float

    @classmethod
    def of(cls, below: Reals, above: Reals, positive: NDArray[np.bool_], groups: Ints | None) -> "Ahead":
        """From what `area_and_ranks` gives."""
        negative = ~positive
        rare, other = (positive, negative) if positive.sum() <= negative.sum() else (negative, positive)
        ahead, behind = (below, above) if rare is positive else (above, below)
        shares, others = ahead[rare], behind[other]
        if groups is not None:
            shares, others = by_group(shares, groups[rare]), by_group(others, groups[other])
        return cls(shares, float(np.var(others) / len(others)))

    def size(self, area: float, quantile: float) -> float:
        """Items that would give a share this area's lower limit, `quantile` standard errors away.

        The likeliest population of a mean (Owen 1988) may hold an item ahead of none, though none was seen.
        """
        low = -furthest_mean(-self.shares, 0.0, quantile)
        if not 0 < low < area:
            return np.inf
        of_others = self.of_others / (area * (1 - area)) if area < 1 else 0.0
        return 1 / ((area - low) ** 2 / (quantile**2 * low * (1 - low)) + of_others)


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
