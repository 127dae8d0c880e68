"""Temperature scaling (Guo et al. 2017): one number softens or sharpens all probabilities and changes no answer."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sightline.errors import UsageError
from sightline.metrics.calibration import reliability
from sightline.metrics.evaluation import group_codes
from sightline.metrics.perfect import perfect_calibration
from sightline.metrics.predictions import Predictions, softmax
from sightline.metrics.scoring import CALIBRATION, Scored, check
from sightline.metrics.sums import Answers

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
    own = logits[np.arange(n), labels].astype(np.float64)
    rivals = np.array(logits)
    rivals[np.arange(n), labels] = -np.inf
    lead = own - rivals.max(axis=1)
    target = own - lead / (n + 2) if (lead >= 0).all() else own

    def slope(log_temperature: float) -> float:
        """Of the negative log-likelihood in 1 / T; falls as T rises."""
        return _expected_logit(logits, math.exp(log_temperature)) - float(target.sum())

    low, high = math.log(LOWEST), math.log(HIGHEST)
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


def calibrate(
    predictions: Predictions,
    *,
    folds: int,
    bins: int,
    level: float,
    resamples: int,
    seed: int,
    groups: NDArray[np.str_] | None = None,
) -> dict[str, Any]:
    """The content of `calibration.json`: the temperature, and the calibration errors before and after it.

    The temperature is fitted on all items. The errors after it are those of cross-fitted probabilities, so that no
    item is judged at a temperature it helped to fit. The answers are the same before and after.

    Args:
        predictions: outputs and truth of the calibration split.
        folds: of the cross-fitting.
        bins: of the calibration errors and the reliability table.
        level: confidence of all intervals, such as 0.95.
        resamples: how many resamples the bootstrap takes; before and after share them.
        seed: of folds and resamples.
        groups: (n,) which items belong together, or None where each stands for itself.

    Raises:
        UsageError: the predictions are none or too few, or hold numbers that are not finite.
    """
    check(predictions)
    logits, labels, codes = predictions.logits, predictions.labels, group_codes(groups, len(predictions))
    if (units := len(labels) if codes is None else int(codes.max()) + 1) < 2:
        raise UsageError(f"calibration split: {units} item or group; cross-fitting takes at least 2")
    after = cross_fitted_logits(logits, labels, folds=folds, seed=seed, groups=codes)
    content: dict[str, Any] = {
        "split": "calibration",
        "n": len(predictions),
        "temperature": fit_temperature(logits, labels),
        "folds": int(min(folds, units)),
        "bins": bins,
    }
    parts: dict[str, dict[str, Any]] = {"before": {}, "after": {}, "null": {}, "reliability": {}}
    for when, shown in (("before", logits.astype(np.float64)), ("after", after)):
        answers = Answers.of(softmax(shown), bins, logits.argmax(axis=1))
        scored = Scored(answers, labels, codes, ranked=False)
        null = parts["null"][when] = perfect_calibration(answers, seed)
        found = scored.intervals(level=level, resamples=resamples, seed=seed, only=CALIBRATION, null=null)
        parts[when] = {name: interval.to_json() for name, interval in found.items()}
        parts["reliability"][when] = reliability(answers.confidence, scored.right, bins, level)
    return content | parts | {"conformal": [], "selective": []}


def _expected_logit(logits: Logits, temperature: float) -> float:
    """Sum over the items of the mean logit under the probabilities at this temperature; rows in turns, for memory."""
    rows = max(1, _ROWS // logits.shape[1])
    total = 0.0
    for start in range(0, len(logits), rows):
        part = logits[start : start + rows].astype(np.float64)
        total += float(np.einsum("ij,ij->", softmax(part / temperature), part))
    return total
