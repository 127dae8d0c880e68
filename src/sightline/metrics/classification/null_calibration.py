"""What a perfectly calibrated model with the very same probabilities would show."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sightline.metrics.classification.calibration_error import (
    debiased_error,
    equal_width,
    expected_error,
    maximum_error,
)
from sightline.metrics.classification.scores import EPSILON
from sightline.metrics.classification.sums import Answers

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 500_000


def perfect_calibration(answers: Answers, seed: int) -> dict[str, float]:
    """Mean of each error over labels that are drawn from the model's own probabilities.

    Such labels make the model calibrated by construction, so what is left is the noise of this many items. Brier score
    and log-loss are their expectations, without drawing. Between 100 and 1,000 draws, by the number of items.

    Args:
        answers: what the model answered; its labels play no part.
        seed: of the draws.
    """
    n, bins, p = len(answers), answers.bins, answers.probabilities
    rng = np.random.default_rng(seed)
    draws = int(np.clip(2_000_000 // n, 100, 1000))
    width, mass = _by_bin(answers.width_bin, bins), _by_bin(answers.mass_bin, bins)
    count = np.bincount(answers.width_bin, minlength=bins).astype(np.float64)[:, None]
    noise = width @ (answers.confidence * (1 - answers.confidence))[:, None]
    total = np.full(1, float(n))
    sums = dict.fromkeys(("ece", "ece_debiased", "ece_adaptive", "ece_classwise", "mce"), 0.0)
    block = max(1, _BLOCK // max(n, answers.classes * bins))
    for start in range(0, draws, block):
        labels = _draw_labels(p, min(block, draws - start), rng)
        residual = (labels == answers.predicted[:, None]) - answers.confidence[:, None]
        by_width = width @ residual
        sums["ece"] += expected_error(by_width, total).sum()
        sums["ece_debiased"] += debiased_error(by_width, noise, total).sum()
        sums["ece_adaptive"] += expected_error(mass @ residual, total).sum()
        sums["mce"] += maximum_error(by_width, np.broadcast_to(count, by_width.shape)).sum()
        sums["ece_classwise"] += _classwise(answers, labels).sum()
    return {
        "log_loss": float(-(p * np.log(np.clip(p, EPSILON, 1 - EPSILON))).sum() / n),
        "brier": float(1 - np.einsum("ij,ij->", p, p) / n),
        **{name: float(value) / draws for name, value in sums.items()},
    }


def _by_bin(where: Ints, bins: int) -> csr_array:
    """(bins, n) sums the items of each bin."""
    n = len(where)
    return csr_array((np.ones(n), (where, np.arange(n))), shape=(bins, n))


def _draw_labels(probabilities: Reals, draws: int, rng: np.random.Generator) -> Ints:
    """(n, draws) a label for each item in each draw, from its own probabilities."""
    n, classes = probabilities.shape
    labels = np.empty((n, draws), dtype=np.int64)
    rows = max(1, _BLOCK // classes)
    for start in range(0, n, rows):
        ladder = np.cumsum(probabilities[start : start + rows], axis=1)
        # One ascending ladder for all rows: row i climbs from i to i + 1, so that a single search serves them all.
        row = np.arange(len(ladder))[:, None]
        steps = (row + ladder / ladder[:, -1:]).ravel()
        found = np.searchsorted(steps, row + rng.random((len(ladder), draws)), side="right")
        labels[start : start + rows] = np.minimum(found - row * classes, classes - 1)
    return labels


def _classwise(answers: Answers, labels: Ints) -> Reals:
    """(draws,) class-wise error under each column of labels."""
    n, classes = answers.probabilities.shape
    bins, draws = answers.bins, labels.shape[1]
    items, owners, where = answers.cells
    mass = np.bincount(owners * bins + where, answers.probabilities[items, owners], minlength=classes * bins)
    mass = mass.reshape(classes, bins)
    mass[:, 0] = answers.probabilities.sum(axis=0) - mass[:, 1:].sum(axis=1)
    own = equal_width(np.take_along_axis(answers.probabilities, labels, axis=1), bins)
    cells = (np.arange(draws) * classes + labels) * bins + own
    hits = np.bincount(cells.ravel(), minlength=draws * classes * bins).reshape(draws, classes, bins)
    return np.asarray(np.abs(hits - mass).sum(axis=(1, 2)) / (n * classes))
