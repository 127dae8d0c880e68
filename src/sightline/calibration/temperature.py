"""Temperature scaling (Guo et al. 2017): one number softens or sharpens all probabilities and changes no answer."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import softmax

Ints = NDArray[np.int64]
Logits = NDArray[np.float32] | NDArray[np.float64]

LOWEST, HIGHEST = 1e-3, 1e3
"""The temperatures that can come out; who needs one beyond them has logits of an absurd scale."""

_ROWS = 4_000_000


def fit_temperature(logits: Logits, labels: Ints) -> float:
    """The temperature at which the labels are likeliest, in float64, between `LOWEST` and `HIGHEST`.

    The negative log-likelihood is convex in 1 / T, so its slope has one root at most. It has none where every answer
    is right: ever lower temperatures would fit ever better. Then each label stands for (n + 1) / (n + 2) of an item
    and the runner-up for the rest, as Platt (1999) has it, so the fitted confidence stays what n right answers
    warrant. Logits that tell no class from another give 1.

    Args:
        logits: (n, classes), finite.
        labels: (n,).

    Raises:
        ValueError: there are no items.
    """
    n = len(labels)
    if n == 0:
        raise ValueError("no items to fit a temperature on")
    if not np.ptp(logits, axis=1).any():
        return 1.0
    of_truth = logits[np.arange(n), labels].astype(np.float64)
    rivals = np.array(logits)
    rivals[np.arange(n), labels] = -np.inf
    lead = of_truth - rivals.max(axis=1)
    target = of_truth - lead / (n + 2) if (lead >= 0).all() else of_truth

    def slope(log_temperature: float) -> float:
        """Of the negative log-likelihood in 1 / T; falls as T rises."""
        return _expected_logit(logits, math.exp(log_temperature)) - float(target.sum())

    low = math.log(LOWEST)
    high = math.log(HIGHEST)
    if slope(low) <= 0:
        return LOWEST
    if slope(high) >= 0:
        return HIGHEST
    return math.exp(brentq(slope, low, high, xtol=1e-10))


def apply(logits: Logits, temperature: float) -> NDArray[np.float64]:
    """(n, classes) logits over the temperature; the order of the classes stays."""
    return logits.astype(np.float64) / temperature


def cross_fitted_logits(
    logits: Logits, labels: Ints, *, folds: int, seed: int, groups: Ints | None = None
) -> NDArray[np.float64]:
    """(n, classes) logits, each over the temperature that the other folds give.

    What these show is what a temperature does to items it was not fitted on, with no further labelled items needed.

    Args:
        logits: (n, classes), finite.
        labels: (n,).
        folds: how many; no more than there are items, or groups.
        seed: of the folds.
        groups: (n,) groups that stay in one fold, as integers from 0, or None.

    Raises:
        ValueError: there are fewer than two items, or groups.
    """
    fold = assign_folds(labels, folds, seed, groups)
    scaled = np.empty(logits.shape, dtype=np.float64)
    for index in range(int(fold.max()) + 1):
        held_out = fold == index
        scaled[held_out] = apply(logits[held_out], fit_temperature(logits[~held_out], labels[~held_out]))
    return scaled


def assign_folds(labels: Ints, folds: int, seed: int, groups: Ints | None = None) -> Ints:
    """(n,) a fold for each item: every class spread evenly over the folds, or whole groups dealt out in turn.

    Raises:
        ValueError: there are fewer than two items, or groups.
    """
    rng = np.random.default_rng(seed)
    units = len(labels) if groups is None else int(groups.max(initial=-1)) + 1
    if units < 2:
        raise ValueError(f"{units} items or groups; cross-fitting takes at least 2")
    order = rng.permutation(units)
    if groups is None:
        # One deal that runs on from class to class, so that small classes do not all start in the first fold.
        order = order[np.argsort(labels[order], kind="stable")]
    unit_fold = np.empty(units, dtype=np.int64)
    unit_fold[order] = np.arange(units) % min(folds, units)
    return unit_fold if groups is None else unit_fold[groups]


def _expected_logit(logits: Logits, temperature: float) -> float:
    """Sum over the items of the mean logit under the probabilities at this temperature; rows in turns, for memory."""
    rows = max(1, _ROWS // logits.shape[1])
    total = 0.0
    for start in range(0, len(logits), rows):
        part = logits[start : start + rows].astype(np.float64)
        total += float(np.einsum("ij,ij->", softmax(part / temperature, axis=1), part))
    return total
