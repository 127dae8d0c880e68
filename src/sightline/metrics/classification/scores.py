"""Scores of a classifier as functions of counts, with any number of resamples side by side.

Names and values are scikit-learn's, with `zero_division=0`. Counts come with the class on the first axis, so that a
whole bootstrap is one call: `(classes,)` gives a number, `(classes, resamples)` a number for each resample.
"""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)
"""Probabilities are clipped to [EPSILON, 1 - EPSILON] before a logarithm is taken, as scikit-learn does."""


def count_scores(right: Counts, truth: Counts, predicted: Counts) -> dict[str, NDArray[np.float64]]:
    """All scores that follow from how often each class is true, predicted, and both.

    Args:
        right: (classes, ...) items of the class that were predicted as it.
        truth: (classes, ...) items of the class.
        predicted: (classes, ...) items predicted as the class.

    Returns:
        (...) values. Macro scores average over the classes that are true or predicted somewhere; balanced accuracy
        over those that are true somewhere. A class without a denominator counts as 0.
    """
    total = truth.sum(axis=0)
    either = truth + predicted
    seen = (either > 0).sum(axis=0)
    recall, f1 = ratio(right, truth), ratio(2 * right, either)
    accuracy = right.sum(axis=0) / total
    return {
        "accuracy": accuracy,
        "balanced_accuracy": recall.sum(axis=0) / (truth > 0).sum(axis=0),
        "precision_macro": ratio(right, predicted).sum(axis=0) / seen,
        "recall_macro": recall.sum(axis=0) / seen,
        "f1_macro": f1.sum(axis=0) / seen,
        "f1_weighted": (f1 * truth).sum(axis=0) / total,
        "f1_micro": accuracy,
    }


def ratio(part: Counts, whole: Counts) -> NDArray[np.float64]:
    """`part / whole`, 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)


def confusion_matrix(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts; rows are the truth, columns what was predicted."""
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def top_k_hits(probabilities: NDArray[np.float64], labels: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    """Whether the label of each item is among its `k` most probable classes; of equals the later class comes first.

    Args:
        probabilities: (n, classes).
        labels: (n,).
        k: how many classes may be named.
    """
    own = np.take_along_axis(probabilities, labels[:, None], axis=1)
    later = np.arange(probabilities.shape[1]) > labels[:, None]
    ahead = (probabilities > own).sum(axis=1) + ((probabilities == own) & later).sum(axis=1)
    return np.asarray(ahead < k)


def log_losses(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) minus the natural logarithm of the probability of each label; their mean is `log_loss`."""
    own = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.clip(own, EPSILON, 1 - EPSILON))


def brier_scores(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) squared distance of each row from its label; their mean is `brier`.

    Summed over the classes and not halved (Brier 1950), so it lies between 0 and 2. scikit-learn calls this
    `brier_score_loss(..., scale_by_half=False)`.
    """
    own = probabilities[np.arange(len(labels)), labels]
    return np.asarray(np.einsum("ij,ij->i", probabilities, probabilities) - 2 * own + 1)


def accuracy_from_confusion(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Accuracy of (..., classes, classes) counts, which may be fractions of items; rows are the truth."""
    return count_scores(*_counts(confusion))["accuracy"]


def f1_macro_from_confusion(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Macro F1 of (..., classes, classes) counts, which may be fractions of items; rows are the truth."""
    return count_scores(*_counts(confusion))["f1_macro"]


def _counts(confusion: NDArray[np.float64]) -> tuple[Counts, Counts, Counts]:
    """Right, truth and predicted of each class, the class first."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    counts = right, confusion.sum(axis=-1), confusion.sum(axis=-2)
    right, truth, predicted = (np.moveaxis(np.asarray(part, dtype=np.float64), -1, 0) for part in counts)
    return right, truth, predicted
