"""What a calibrated model with the very same probabilities would show: the null hypothesis of calibration errors."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sightline.metrics.catalogue import METRICS
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.bins import equal_width
from sightline.metrics.scores.items import EPSILON
from sightline.metrics.scores.sums import Block, Score, Sums

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

BY_CHANCE = 0.05
"""How often a calibrated model shows more than what is called chance."""

_BLOCK = 500_000
_DRAWN: frozenset[Block] = frozenset({"bin_count", "bin_residual", "bin_noise", "mass_bin_residual"})
"""Sums that are redone for each draw of labels."""


class NullCalibration(NamedTuple):
    """What a calibrated model would show, by metric: on average, and no more than in all but 5 % of samples.

    Only errors have `high`: of them more than that is more than chance.
    """

    mean: dict[str, float]
    high: dict[str, float]


def null_calibration(binned: BinnedPredictions, seed: int) -> NullCalibration:
    """Each error over labels that are drawn from the model's own probabilities.

    Such labels make the model calibrated by construction, so what is left is the noise of this many items. Brier score
    and log-loss are their expectations, without drawing. Between 100 and 1,000 draws, by the number of items.

    Args:
        binned: the predictions; their labels play no part.
        seed: of the draws.
    """
    n = len(binned)
    bins = binned.bins
    p = binned.probabilities
    rng = np.random.default_rng(seed)
    draws = int(np.clip(2_000_000 // n, 100, 1000))
    by_width = _by_bin(binned.width_bin, bins)
    by_mass = _by_bin(binned.mass_bin, bins)
    count = np.bincount(binned.width_bin, minlength=bins).astype(np.float64)[:, None]
    noise = by_width @ (binned.confidence * (1 - binned.confidence))[:, None]
    scores = _scores_of_bins()
    shown: dict[str, list[Reals]] = {name: [] for name in [*scores, "ece_classwise"]}
    block = max(1, _BLOCK // max(n, binned.classes * bins))
    for start in range(0, draws, block):
        labels = _draw_labels(p, min(block, draws - start), rng)
        residual = (labels == binned.predicted[:, None]) - binned.confidence[:, None]
        bin_residual = by_width @ residual
        sums: Sums = {
            "total": np.full(1, float(n)),
            "bin_count": np.broadcast_to(count, bin_residual.shape),
            "bin_residual": bin_residual,
            "bin_noise": noise,
            "mass_bin_residual": by_mass @ residual,
        }
        for name, score in scores.items():
            shown[name].append(score(sums))
        shown["ece_classwise"].append(_classwise(binned, labels))
    drawn = {name: np.concatenate(blocks) for name, blocks in shown.items()}
    found = {name: float(each.mean()) for name, each in drawn.items()}
    found["log_loss"] = float(-(p * np.log(np.clip(p, EPSILON, 1 - EPSILON))).sum() / n)
    found["brier"] = float(1 - np.einsum("ij,ij->", p, p) / n)
    high = {name: float(np.quantile(drawn[name], 1 - BY_CHANCE)) for name in METRICS if name in drawn}
    return NullCalibration({name: found[name] for name in METRICS if name in found}, high)


def _scores_of_bins() -> dict[str, Score]:
    """The metrics that follow from sums over the bins of confidence alone."""
    return {
        metric.name: metric.score
        for metric in METRICS.values()
        if metric.judges_probabilities and metric.score is not None and _DRAWN.issuperset(metric.needs)
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


def _classwise(binned: BinnedPredictions, labels: Ints) -> Reals:
    """(draws,) class-wise error under each column of labels."""
    n, classes = binned.probabilities.shape
    bins = binned.bins
    draws = labels.shape[1]
    items, owners, where = binned.cells
    mass = np.bincount(owners * bins + where, binned.probabilities[items, owners], minlength=classes * bins)
    mass = mass.reshape(classes, bins)
    mass[:, 0] = binned.probabilities.sum(axis=0) - mass[:, 1:].sum(axis=1)
    label_bins = equal_width(np.take_along_axis(binned.probabilities, labels, axis=1), bins)
    cells = (np.arange(draws) * classes + labels) * bins + label_bins
    hits = np.bincount(cells.ravel(), minlength=draws * classes * bins).reshape(draws, classes, bins)
    return np.asarray(np.abs(hits - mass).sum(axis=(1, 2)) / (n * classes))
