"""Scores that follow from how often each class is true, predicted, and both.

Names and values are scikit-learn's, with `zero_division=0`: a class without a denominator counts as 0. Macro scores
average over the classes that are true or predicted somewhere; balanced accuracy over those that are true somewhere.
"""

import numpy as np

from sightline.metrics.scores.sums import Reals, Sums


def accuracy(sums: Sums) -> Reals:
    """Share of items whose class was predicted."""
    return np.asarray(sums["right"].sum(axis=0) / sums["truth"].sum(axis=0))


def balanced_accuracy(sums: Sums) -> Reals:
    """Mean recall of the classes that have items."""
    return np.asarray(_recall(sums).sum(axis=0) / (sums["truth"] > 0).sum(axis=0))


def precision_macro(sums: Sums) -> Reals:
    """Mean precision of the classes."""
    return np.asarray(ratio(sums["right"], sums["predicted"]).sum(axis=0) / _occurring(sums))


def recall_macro(sums: Sums) -> Reals:
    """Mean recall of the classes."""
    return np.asarray(_recall(sums).sum(axis=0) / _occurring(sums))


def f1_macro(sums: Sums) -> Reals:
    """Mean F1 of the classes."""
    return np.asarray(_f1(sums).sum(axis=0) / _occurring(sums))


def f1_weighted(sums: Sums) -> Reals:
    """Mean F1 of the items' classes."""
    return np.asarray((_f1(sums) * sums["truth"]).sum(axis=0) / sums["truth"].sum(axis=0))


def ratio(part: Reals, whole: Reals) -> Reals:
    """`part / whole`, 0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)


def _recall(sums: Sums) -> Reals:
    return ratio(sums["right"], sums["truth"])


def _f1(sums: Sums) -> Reals:
    return ratio(2 * sums["right"], sums["truth"] + sums["predicted"])


def _occurring(sums: Sums) -> Reals:
    """(...) how many classes are true or predicted somewhere."""
    return np.asarray((sums["truth"] + sums["predicted"] > 0).sum(axis=0))
