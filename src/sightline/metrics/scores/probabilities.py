"""Scores of probabilities: how they rank items, what they deny to the truth, and how far they are from frequencies."""

import numpy as np

from sightline.metrics.scores.calibration import debiased_error, expected_error, maximum_error
from sightline.metrics.scores.sums import Reals, Sums


def roc_auc_ovr(sums: Sums) -> Reals:
    """Mean one-against-rest area under the ROC curve, of the items themselves whatever their weights."""
    return np.broadcast_to(sums["area"], sums["total"].shape)


def log_loss(sums: Sums) -> Reals:
    """Mean negative logarithm of the probability of the truth."""
    return np.asarray(sums["log_loss"] / sums["total"])


def brier(sums: Sums) -> Reals:
    """Mean squared distance of the probabilities from the truth, between 0 and 2."""
    return np.asarray(sums["brier"] / sums["total"])


def ece(sums: Sums) -> Reals:
    """Expected calibration error of the answers, with bins of equal width."""
    return expected_error(sums["bin_residual"], sums["total"])


def ece_debiased(sums: Sums) -> Reals:
    """The same less what noise adds to it."""
    return debiased_error(sums["bin_residual"], sums["bin_noise"], sums["total"])


def ece_adaptive(sums: Sums) -> Reals:
    """Expected calibration error of the answers, with bins of equal mass."""
    return expected_error(sums["mass_bin_residual"], sums["total"])


def ece_classwise(sums: Sums) -> Reals:
    """Expected calibration error of every class's probability, averaged over the classes (Kull et al. 2019)."""
    cells = sums["class_bin_residual"]
    # What is not in a higher bin is in the first, so the many small probabilities need no cell of their own.
    first = sums["truth"] - sums["class_probability"] - cells.sum(axis=1)
    return np.asarray((np.abs(first) + np.abs(cells).sum(axis=1)).mean(axis=0) / sums["total"])


def mce(sums: Sums) -> Reals:
    """Largest gap between accuracy and confidence of any equal-width bin."""
    return maximum_error(sums["bin_residual"], sums["bin_count"])
