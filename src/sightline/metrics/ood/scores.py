"""Scores that should be high for images like those a model was trained on, and low for others."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

Reals = NDArray[np.float64]
Features = NDArray[np.float32]
Ints = NDArray[np.int64]

NEIGHBOURS = 50
"""Which neighbour's distance counts, as Sun et al. (2022) take it for 50,000 images; with few images a nearer one."""

_BLOCK = 20_000_000


def confidence(logits: Reals, temperature: float) -> Reals:
    """(n,) the probability of the answer, MSP (Hendrycks and Gimpel 2017).

    Args:
        logits: (n, classes).
        temperature: of the probabilities.
    """
    scaled = logits / temperature
    found: Reals = np.exp(scaled.max(axis=1) - logsumexp(scaled, axis=1))
    return found


def negative_energy(logits: Reals) -> Reals:
    """(n,) the logarithm of the sum of exponentials of the (n, classes) logits (Liu et al. 2020)."""
    found: Reals = logsumexp(logits, axis=1)
    return found


def mahalanobis(features: Features, fitted: Features, labels: Ints) -> Reals:
    """(n,) minus the squared distance to the nearest class mean, in units of the classes' common scatter.

    As Lee et al. (2018) on the last features alone; the covariance is shrunk (Ledoit and Wolf 2004), so that it can be
    inverted where features outnumber images.

    Args:
        features: (n, d) of the images to judge.
        fitted: (m, d) of training images.
        labels: (m,) their classes.
    """
    from sklearn.covariance import ledoit_wolf  # takes a second, and only this needs it

    classes = np.unique(labels)
    means = np.stack([fitted[labels == index].astype(np.float64).mean(axis=0) for index in classes])
    centred = fitted - means[np.searchsorted(classes, labels)]
    factor = np.linalg.cholesky(ledoit_wolf(centred, assume_centered=True)[0])
    white, centres = (solve_triangular(factor, part.T.astype(np.float64), lower=True).T for part in (features, means))
    squares = (white**2).sum(axis=1)[:, None] - 2 * white @ centres.T + (centres**2).sum(axis=1)
    nearest: Reals = -squares.min(axis=1)
    return nearest


def nearness(features: Features, fitted: Features) -> Reals:
    """(n,) minus the distance to the k-th nearest training image, all features scaled to length 1 (Sun et al. 2022).

    Args:
        features: (n, d) of the images to judge.
        fitted: (m, d) of training images.
    """
    known = _unit(fitted)
    rank = min(NEIGHBOURS, max(1, len(known) // 20))
    rows = max(1, _BLOCK // len(known))
    found = []
    for start in range(0, len(features), rows):
        likeness = _unit(features[start : start + rows]) @ known.T
        found.append(np.partition(likeness, -rank, axis=1)[:, -rank])
    cosine = np.concatenate(found).astype(np.float64)
    return -np.sqrt(np.maximum(2 - 2 * cosine, 0.0))


def _unit(features: Features) -> Features:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit: Features = features / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
