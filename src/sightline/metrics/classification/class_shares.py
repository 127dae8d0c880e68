"""Scores that are means over classes, as shares with the items that each rests on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.classification.ranking import RocAuc
from sightline.metrics.intervals.interval import UNSEEN_GROUP, effective_size, effective_sizes
from sightline.metrics.intervals.score_test import ClassShares
from sightline.metrics.metric import ClassMean

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_VARIANCE_OF_ONE = 3 / 16
"""Of a share of which a single item is known: that of a share of 1/4 or 3/4."""
_SIZE_OF_ONE = 0.4
"""What a single item counts for: its share is 0 or 1, which says nothing of the variance. Found by simulation."""


@dataclass(frozen=True)
class ClassAnswers:
    """Answers beside their truth.

    Attributes:
        labels: (n,) the truth.
        predicted: (n,) the classes named.
        classes: how many there are.
        groups: (n,) which items belong together, as integers from 0, or None.
    """

    labels: Ints
    predicted: Ints
    classes: int
    groups: Ints | None

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether each answer is right."""
        return np.equal(self.labels, self.predicted)

    @cached_property
    def truth(self) -> Reals:
        """(classes,) items of each class."""
        return np.bincount(self.labels, minlength=self.classes).astype(np.float64)

    @cached_property
    def called(self) -> Reals:
        """(classes,) items that are called each class."""
        return np.bincount(self.predicted, minlength=self.classes).astype(np.float64)

    @cached_property
    def hits(self) -> Reals:
        """(classes,) items of each class that are called it."""
        return np.bincount(self.labels[self.right], minlength=self.classes).astype(np.float64)

    def owned(self, of: str) -> tuple[Ints, Ints]:
        """Items and the class in whose recall, precision or F1 they count; for F1 a wrong item counts in two."""
        items = np.arange(len(self.labels))
        match of:
            case "recall":
                return items, self.labels
            case "precision":
                return items, self.predicted
        wrong = items[~self.right]
        return np.concatenate([items, wrong]), np.concatenate([self.labels, self.predicted[wrong]])

    def shares(self, of: str) -> tuple[Reals, Reals]:
        """(classes,) share of right items among those that each class owns, 0 where none, and independent sizes."""
        items, owner = self.owned(of)
        right = self.right[items]
        sizes = np.bincount(owner, minlength=self.classes).astype(np.float64)
        shares = np.bincount(owner, weights=right, minlength=self.classes) / np.maximum(sizes, 1)
        if self.groups is not None:
            sizes = effective_sizes(right, owner, self.classes, self.groups[items])
        return shares, sizes


def class_shares(mean: ClassMean, answers: ClassAnswers) -> ClassShares:
    """The shares behind a mean over classes.

    Args:
        mean: of which scores, over which classes.
        answers: beside their truth.
    """
    weights = class_weights(mean, answers)
    shares, sizes = answers.shares(mean.of)
    inflation, shift = 1.0, 0.0
    if mean.of == "f1" or answers.groups is not None:
        inflation = _inflation(mean, answers, weights)
    if mean.of == "f1" and mean.over != "support":
        shift = float((weights * _shortfall(shares, sizes)).sum())
    counted = weights > 0
    items = float(len(answers.labels)) if answers.groups is None else effective_size(answers.right, answers.groups)
    return ClassShares(
        shares[counted],
        np.maximum(sizes - 1, _SIZE_OF_ONE * sizes)[counted],  # the variance of a share is estimated with n - 1
        weights[counted],
        harmonic=mean.of == "f1",
        inflation=inflation,
        shift=shift,
        mistakes=float((~answers.right).mean()),
        items=items / inflation if mean.of != "f1" else items,
    )


def area_shares(auc: RocAuc) -> ClassShares:
    """The areas under the ROC curves as shares, each of as many items as would give it its variance."""
    defined = np.isfinite(auc.per_class)
    if len(defined) == 2:  # both have the one area
        defined = np.array([False, True])
    weights = np.full(int(defined.sum()), 1 / max(1, int(defined.sum())))
    return ClassShares(auc.per_class[defined], auc.sizes_in_mean[defined], weights, inflation=auc.inflation)


def class_weights(mean: ClassMean, answers: ClassAnswers) -> Reals:
    """(classes,) what each class weighs; 0 for one that is left out."""
    if mean.over == "support":
        return np.asarray(answers.truth / answers.truth.sum())
    counted = answers.truth > 0 if mean.over == "seen" else answers.truth + answers.called > 0
    return np.asarray(counted / counted.sum())


def _shortfall(shares: Reals, sizes: Reals) -> Reals:
    """(classes,) how far F1 lies below its expectation with ever more items, since 2 J / (1 + J) is curved."""
    many = shares * (1 - shares) / np.maximum(sizes - 1, 1)
    variance = np.where(sizes > 1.5, many, np.where(sizes > 0, _VARIANCE_OF_ONE, 0.0))
    return 2 / (1 + shares) ** 3 * variance


def _inflation(mean: ClassMean, answers: ClassAnswers, weights: Reals) -> float:
    """Variance of the score over that which it had if classes were independent, from the influence of the items."""
    labels, predicted, right = answers.labels, answers.predicted, answers.right
    extra = np.zeros(len(labels))
    if mean.of == "f1":
        sizes = np.maximum(answers.truth + answers.called, 1)
        jaccard = (answers.hits + 0.5) / (answers.truth + answers.called - answers.hits + 1)
        scores = 2 * jaccard / (1 + jaccard)
        own = weights[labels] * np.where(right, 2 - 2 * scores[labels], -scores[labels]) / sizes[labels]
        other = np.where(right, 0.0, -weights[predicted] * scores[predicted] / sizes[predicted])
        if mean.over == "support":
            extra = (scores[labels] - weights @ scores) / len(labels)
    else:
        scores, _ = answers.shares(mean.of)
        owner = labels if mean.of == "recall" else predicted
        sizes = np.maximum(answers.truth if mean.of == "recall" else answers.called, 1)
        own = weights[owner] * (right - scores[owner]) / sizes[owner]
        other = np.zeros(len(labels))
    parts = np.concatenate([own, other])
    owners = np.concatenate([labels if mean.of != "precision" else predicted, predicted])
    if answers.groups is None:
        apart = float((parts**2).sum())
        whole = max(float(((own + other + one) ** 2).sum()) for one in (0.0, extra))
    else:
        groups = answers.groups
        _, cell = np.unique(owners * (groups.max() + 1) + np.tile(groups, 2), return_inverse=True)
        apart = float((np.bincount(cell, parts) ** 2).sum())
        whole = max(float((np.bincount(groups, own + other + one) ** 2).sum()) for one in (0.0, extra))
        unlike = weights * np.maximum(scores, 1 - scores) / (int(groups.max()) + 1)  # a group unlike all others
        apart += UNSEEN_GROUP * float((unlike**2).sum())
        whole += UNSEEN_GROUP * float(unlike.sum()) ** 2
    return max(1.0, whole / apart) if apart > 0 else 1.0
