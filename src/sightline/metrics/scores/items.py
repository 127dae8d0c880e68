"""What each item adds to a score that is a mean over items."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Hits = Callable[[Reals, Ints, Ints], NDArray[np.bool_]]
"""From (n, classes) probabilities, (n,) predicted classes and (n,) labels to (n,) whether each item counts."""
ItemLosses = Callable[[Reals, Ints], Reals]
"""From (n, classes) probabilities and (n,) labels to (n,) what each item adds to a mean over items."""

EPSILON = float(np.finfo(np.float64).eps)
"""Probabilities are clipped to [EPSILON, 1 - EPSILON] before a logarithm is taken, as scikit-learn does."""


def right_answers(probabilities: Reals, predicted: Ints, labels: Ints) -> NDArray[np.bool_]:  # noqa: ARG001 - `Hits`
    """(n,) whether each answer is the label."""
    return np.equal(labels, predicted)


def top5_hits(probabilities: Reals, predicted: Ints, labels: Ints) -> NDArray[np.bool_]:  # noqa: ARG001 - `Hits`
    """(n,) whether each label is among the five most probable classes."""
    return top_k_hits(probabilities, labels, 5)


def top_k_hits(probabilities: Reals, labels: Ints, k: int) -> NDArray[np.bool_]:
    """Whether the label of each item is among its `k` most probable classes; of equals the later class comes first.

    Args:
        probabilities: (n, classes).
        labels: (n,).
        k: how many classes may be named.
    """
    of_label = np.take_along_axis(probabilities, labels[:, None], axis=1)
    later = np.arange(probabilities.shape[1]) > labels[:, None]
    ahead = (probabilities > of_label).sum(axis=1) + ((probabilities == of_label) & later).sum(axis=1)
    return np.asarray(ahead < k)


def log_losses(probabilities: Reals, labels: Ints) -> Reals:
    """(n,) minus the natural logarithm of the probability of each label; their mean is `log_loss`."""
    of_label = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.clip(of_label, EPSILON, 1 - EPSILON))


def brier_scores(probabilities: Reals, labels: Ints) -> Reals:
    """(n,) squared distance of each row from its label; their mean is `brier`.

    Summed over the classes and not halved (Brier 1950), so it lies between 0 and 2. scikit-learn calls this
    `brier_score_loss(..., scale_by_half=False)`.
    """
    of_label = probabilities[np.arange(len(labels)), labels]
    return np.asarray(np.einsum("ij,ij->i", probabilities, probabilities) - 2 * of_label + 1)
