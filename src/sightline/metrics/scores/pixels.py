"""Scores of masks, which follow from how many pixels of each class are true, predicted, and both.

IoU and Dice are about the classes that are true or predicted somewhere, values and names being those of scikit-learn's
`jaccard_score` and `f1_score` on flattened labels. Precision counts as 0 for a class that is never predicted; recall is
about the classes that are true somewhere.
"""

import numpy as np

from sightline.metrics.scores.counts import ratio
from sightline.metrics.scores.sums import Reals, Sums


def iou(sums: Sums) -> Reals:
    """(classes, ...) intersection over union of each class, NaN where there is no union."""
    return defined(sums["right"], union(sums))


def dice(sums: Sums) -> Reals:
    """(classes, ...) Dice, which is F1, of each class; NaN where it is neither true nor predicted."""
    return defined(2 * sums["right"], sums["truth"] + sums["predicted"])


def union(sums: Sums) -> Reals:
    """(classes, ...) pixels that are of each class, or called it."""
    return np.asarray(sums["truth"] + sums["predicted"] - sums["right"])


def mean_iou(sums: Sums) -> Reals:
    """Mean IoU of the classes."""
    return mean_of_defined(iou(sums))


def mean_dice(sums: Sums) -> Reals:
    """Mean Dice of the classes."""
    return mean_of_defined(dice(sums))


def mean_precision(sums: Sums) -> Reals:
    """Mean precision of the classes."""
    occurs = union(sums) > 0
    return np.asarray(ratio(sums["right"], sums["predicted"]).sum(axis=0) / occurs.sum(axis=0))


def mean_recall(sums: Sums) -> Reals:
    """Mean recall of the classes that have pixels."""
    return mean_of_defined(defined(sums["right"], sums["truth"]))


def micro_iou(sums: Sums) -> Reals:
    """IoU of all classes together."""
    return np.asarray(sums["right"].sum(axis=0) / union(sums).sum(axis=0))


def micro_dice(sums: Sums) -> Reals:
    """Dice of all classes together; where every pixel has one label and one answer it is the pixel accuracy."""
    return np.asarray(2 * sums["right"].sum(axis=0) / (sums["truth"] + sums["predicted"]).sum(axis=0))


def defined(part: Reals, whole: Reals) -> Reals:
    """`part / whole`, NaN where there is nothing to divide by."""
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0))


def mean_of_defined(values: Reals) -> Reals:
    """Mean over the first axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    return defined(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))
