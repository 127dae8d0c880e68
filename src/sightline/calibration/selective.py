"""Answering only where the model is sure: a threshold of confidence whose risk is bounded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Reals = NDArray[np.float64]
Counts = NDArray[np.int64]
Right = NDArray[np.bool_]
ConfidenceAndHits = tuple[Reals, Right]
"""Confidence and whether the answer was right, of some items."""

THRESHOLDS = 40
"""How many thresholds are tried for a target risk."""


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


def risk_bound(mistakes: Counts | Reals, answered: Counts | Reals, error: float) -> Reals:
    """The upper limit of a share of mistakes that is too low with probability `error` at most (Clopper, Pearson 1934).

    Args:
        mistakes: how many of the answers are wrong.
        answered: how many answers there are; none gives 1.
        error: such as 0.05.
    """
    full = mistakes >= answered
    bound = betaincinv(mistakes + 1.0, np.where(full, 1.0, answered - mistakes), 1 - error)
    limits: Reals = np.where(full, 1.0, bound)
    return limits


def fit_threshold(
    confidence: Reals, right: Right, target: float, error: float, guide: ConfidenceAndHits | None = None
) -> Threshold:
    """The lowest threshold whose risk is below a target, but for a chance of `error`.

    The thresholds that are tried stand fixed beforehand, evenly over the log-odds of the confidence. A guide, items
    other than these, says in which order: from the one that should pass most easily downwards, until one fails. Such a
    sequence may spend the whole `error` on each (Angelopoulos et al. 2021, "Learn then test"). Without a guide each has
    its share of it, so that all bounds hold together.

    Args:
        confidence: (n,) of items that chose nothing so far.
        right: (n,) whether the answer is right.
        target: the risk to stay below, such as 0.02.
        error: such as 0.05.
        guide: confidence (m,) and right (m,) of other items.
    """
    tried = 1 / (1 + np.exp(-np.linspace(-4.0, 12.0, THRESHOLDS)))
    answered, mistakes = _counts(confidence, right, tried)
    if guide is None:
        bounds = risk_bound(mistakes, answered, error / THRESHOLDS)
        kept = np.flatnonzero(bounds <= target)
        first = int(kept[0]) if len(kept) else None
    else:
        bounds = risk_bound(mistakes, answered, error)
        start = _easiest(guide, tried, len(confidence), error)
        failed = np.flatnonzero(bounds[: start + 1] > target)
        first = int(failed[-1]) + 1 if len(failed) else 0
        first = None if first > start else first
    if first is None:
        return Threshold(np.inf, 0.0, np.nan, np.nan)
    return Threshold(
        float(tried[first]),
        float(answered[first] / len(confidence)),
        float(mistakes[first] / answered[first]),
        float(bounds[first]),
    )


def _counts(confidence: Reals, right: Right, tried: Reals) -> tuple[Counts, Counts]:
    """How many items are answered from each threshold on, and how many of them wrongly."""
    ordered = np.sort(confidence)
    wrong = np.sort(confidence[~right])
    return len(ordered) - np.searchsorted(ordered, tried), len(wrong) - np.searchsorted(wrong, tried)


def _easiest(guide: ConfidenceAndHits, tried: Reals, n: int, error: float) -> int:
    """The threshold whose bound should be lowest for n items that are like the guide's."""
    answered, mistakes = _counts(*guide, tried)
    expected = n * answered / len(guide[0])
    bounds = risk_bound(expected * (mistakes + 0.5) / (answered + 1), expected, error)
    return int(np.argmin(bounds))
