"""Answering only where the model is sure: risk against coverage, and a threshold whose risk is bounded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Reals = NDArray[np.float64]

THRESHOLDS = 40
"""How many thresholds are tried for a target risk; each takes its share of the error that the bound allows."""


@dataclass(frozen=True)
class Threshold:
    """A confidence from which on answers are given.

    Attributes:
        threshold: the confidence; infinite where no threshold keeps the target.
        coverage: share of these items that is answered.
        risk: share of wrong answers among them; NaN where none is answered.
        risk_bound: what the risk of the population stays below, at the confidence asked for.
    """

    threshold: float
    coverage: float
    risk: float
    risk_bound: float


def risk_coverage(confidence: Reals, right: NDArray[np.bool_]) -> tuple[Reals, Reals]:
    """Coverage and risk when the surest items are answered first, one more at a time.

    Items of equal confidence share their mistakes evenly, so the curve does not depend on their order.

    Args:
        confidence: (n,).
        right: (n,).

    Returns:
        (n,) coverage 1/n … 1 and (n,) risk.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = (~right[order]).astype(np.float64)
    _, group = np.unique(-confidence[order], return_inverse=True)
    shared = np.bincount(group, weights=wrong) / np.bincount(group)
    answered = np.arange(1, len(confidence) + 1)
    return answered / len(confidence), np.cumsum(shared[group]) / answered


def aurc(confidence: Reals, right: NDArray[np.bool_]) -> float:
    """The area under the risk-coverage curve: the mean risk over all coverages (Geifman, Uziel and El-Yaniv 2019)."""
    return float(risk_coverage(confidence, right)[1].mean())


def risk_bound(mistakes: NDArray[np.int64], answered: NDArray[np.int64], error: float) -> Reals:
    """The upper limit of a share of mistakes that is too low with probability `error` at most (Clopper, Pearson 1934).

    Args:
        mistakes: how many of the answers are wrong.
        answered: how many answers there are; none gives 1.
        error: such as 0.05.
    """
    full = mistakes >= answered
    bound = betaincinv(mistakes + 1.0, np.where(full, 1, answered - mistakes), 1 - error)
    limits: Reals = np.where(full, 1.0, bound)
    return limits


def fit_threshold(confidence: Reals, right: NDArray[np.bool_], target: float, error: float) -> Threshold:
    """The lowest threshold whose risk is below a target, but for a chance of `error`.

    The thresholds that are tried stand fixed beforehand, evenly over the log-odds of the confidence, and each has a
    Clopper-Pearson bound at `error` over their number: all bounds hold together, so the choice may look at them
    (Geifman and El-Yaniv 2017 bound the risk in this way along a search).

    Args:
        confidence: (n,) of items that chose nothing so far.
        right: (n,) whether the answer is right.
        target: the risk to stay below, such as 0.02.
        error: such as 0.05.
    """
    odds = np.linspace(-4.0, 12.0, THRESHOLDS)
    tried = 1 / (1 + np.exp(-odds))
    ordered = np.sort(confidence)
    wrong = np.sort(confidence[~right])
    answered = len(ordered) - np.searchsorted(ordered, tried, side="left")
    mistakes = len(wrong) - np.searchsorted(wrong, tried, side="left")
    bounds = risk_bound(mistakes, answered, error / THRESHOLDS)
    kept = np.flatnonzero(bounds <= target)
    if not len(kept):
        return Threshold(np.inf, 0.0, np.nan, np.nan)
    first = kept[0]
    return Threshold(
        float(tried[first]),
        float(answered[first] / len(confidence)),
        float(mistakes[first] / answered[first]),
        float(bounds[first]),
    )
