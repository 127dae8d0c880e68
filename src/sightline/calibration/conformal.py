"""Conformal sets: classes that together hold the truth with a promised probability, whatever the model.

The promise is for items exchangeable with those the quantile was taken from: under shift it is void. On one calibration
set of n items the coverage that comes about scatters around the promise, by a standard deviation of about
sqrt(alpha (1 - alpha) / n). Where items come in groups the promise is for an item, any alike, of a new group.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.documents.calibration import SetMethod

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

METHODS: tuple[SetMethod, ...] = ("lac", "aps", "raps")
PENALTY, FREE_RANKS = 0.01, 5
"""Of RAPS, as its authors take them for many classes; with few classes hardly a set grows beyond the free ranks."""


def class_scores(probabilities: Reals, method: SetMethod, draws: Reals) -> Reals:
    """How little each class conforms to each item; a set holds the classes whose score is at most the quantile.

    - lac: 1 - p, which gives the smallest sets on average (Sadinle, Lei and Wasserman 2019).
    - aps: the probability of all likelier classes and a random part of its own, which gives hard items larger sets
      (Romano, Sesia and Candès 2020).
    - raps: the same plus a penalty on ranks beyond the first few (Angelopoulos et al. 2021).

    Args:
        probabilities: (n, classes), after temperature.
        method: which score.
        draws: (n,) uniform numbers between 0 and 1, independent of everything else; lac does not look at them.

    Returns:
        (n, classes).
    """
    if method == "lac":
        scores: Reals = 1.0 - probabilities
        return scores
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ordered = np.take_along_axis(probabilities, order, axis=1)
    ranked = np.cumsum(ordered, axis=1) - ordered + draws[:, None] * ordered
    if method == "raps":
        ranked += PENALTY * np.maximum(0, np.arange(1, ranked.shape[1] + 1) - FREE_RANKS)
    scores = np.empty_like(ranked)
    np.put_along_axis(scores, order, ranked, axis=1)
    return scores


def quantile(scores: Reals, alpha: float, groups: Ints | None = None) -> float:
    """The smallest bound that 1 - `alpha` of such scores keep, the next one counted in: the k-th of n, k = (n+1)(1-a).

    With groups each weighs as one of the n, spread evenly over its items (Lee, Barber and Willett 2023; hierarchical
    conformal prediction), and the next is an item of a new group. Infinite where there are too few scores, or groups,
    for the promise: then every class is in the set.

    Args:
        scores: (n,) of the truth.
        alpha: how often it may be missed.
        groups: (n,) which items belong together, as integers from 0, or None.
    """
    n = len(scores)
    if groups is None:
        rank = math.ceil((n + 1) * (1 - alpha) - 1e-9)
        return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= n else math.inf
    sizes = np.bincount(groups, minlength=1)
    units = np.count_nonzero(sizes)
    order = np.argsort(scores, kind="stable")
    mass = np.cumsum(1 / sizes[groups[order]]) / (units + 1)
    place = int(np.searchsorted(mass, 1 - alpha - 1e-9))
    return float(scores[order[place]]) if place < n else math.inf


def units_needed(alpha: float) -> int:
    """The fewest scores, or groups, whose quantile is finite."""
    return math.ceil(1 / alpha - 1 - 1e-9)


def fit_quantiles(scores: Reals, labels: Ints, alpha: float, *, by_class: bool, groups: Ints | None = None) -> Reals:
    """(classes,) the quantile for each class: one for all, or its own, which holds the promise within every class.

    Args:
        scores: (n, classes) of the calibration items.
        labels: (n,) their truth.
        alpha: how often the truth may be missed.
        by_class: whether each class has its own (Vovk 2012).
        groups: (n,) which items belong together, as integers from 0, or None.
    """
    of_truth = scores[np.arange(len(labels)), labels]
    classes = scores.shape[1]
    if not by_class:
        return np.full(classes, quantile(of_truth, alpha, groups))
    owned = [np.flatnonzero(labels == index) for index in range(classes)]
    return np.array([quantile(of_truth[of], alpha, None if groups is None else groups[of]) for of in owned])


def prediction_sets(scores: Reals, quantiles: Reals) -> NDArray[np.bool_]:
    """(n, classes) whether each class is in each item's set; a set may be empty."""
    sets: NDArray[np.bool_] = scores <= quantiles
    return sets
