"""Answering only where the model is sure: a threshold of confidence whose risk is bounded."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Right = NDArray[np.bool_]

THRESHOLDS = 40
"""How many thresholds are tried for a target risk."""
MOST_DRAWS, LEAST_DRAWS = 10_000, 2_000
"""Of the weights of groups, fewer where there are many: with 10,000 the error spent is known to 0.2 points of 5 %."""

_BLOCK, _WEIGHTS = 2_000_000, 20_000_000


@dataclass(frozen=True)
class ConfidenceAndHits:
    """How sure a model was of n items, and whether it was right.

    Attributes:
        confidence: (n,).
        right: (n,).
        groups: (n,) which items belong together, as integers from 0, or None where each stands for itself.
    """

    confidence: Reals
    right: Right
    groups: Ints | None = None

    def __len__(self) -> int:
        return len(self.right)

    @property
    def units(self) -> int:
        """How many items, or groups, stand for themselves."""
        return len(self) if self.groups is None else len(np.unique(self.groups))

    @property
    def what(self) -> str:
        """What these are called."""
        return "images" if self.groups is None else "groups"

    @property
    def largest(self) -> int:
        """Items of the largest group."""
        return 1 if self.groups is None else int(np.bincount(self.groups).max(initial=1))

    def counts(self, tried: Reals) -> tuple[Reals, Reals]:
        """(thresholds, units) how many items are answered from each threshold on, and how many of them wrongly.

        Items that stand for themselves count as one unit.
        """
        place = (
            np.zeros(len(self), dtype=np.int64)
            if self.groups is None
            else np.unique(self.groups, return_inverse=True)[1]
        )
        width = 1 if self.groups is None else self.units
        # An item is answered from all thresholds up to the last that its confidence reaches.
        last = np.searchsorted(tried, self.confidence, side="right")
        shape = len(tried) + 1, width
        cell = last * width + place
        found = [
            np.bincount(cell, weights=chosen, minlength=shape[0] * width).reshape(shape)[::-1].cumsum(axis=0)[::-1][1:]
            for chosen in (None, ~self.right)
        ]
        return found[0].astype(np.float64), found[1].astype(np.float64)


@dataclass(frozen=True)
class Threshold:
    """A confidence from which on answers are given.

    Attributes:
        threshold: the confidence; infinite where no threshold keeps the target.
        coverage: share of these items that is answered.
        risk: share of wrong answers among them; NaN where none is answered.
        risk_bound: what the risk of the population stays below, at the confidence asked for.
        reason: why there is no threshold; empty where there is one.
    """

    threshold: float
    coverage: float
    risk: float
    risk_bound: float
    reason: str = ""


def risk_bound(mistakes: Reals | Ints, answered: Reals | Ints, error: float) -> Reals:
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


def grouped_risk_bound(mistakes: Reals, answered: Reals, largest: int, error: float, seed: int = 0) -> Reals:
    """The same where items come in groups that were drawn independently: (thresholds,) upper limits of the risk.

    Groups get random weights, alike and adding up to one (the Bayesian bootstrap; Rubin 1981), and so does one more
    group, as large as any, all of whose answers are wrong. The limit is that share of wrong answers which 1 - `error`
    of the weightings stay below (Gaffke 2005; Learned-Miller and Thomas 2019). With one item a group it is the limit of
    Clopper and Pearson. Groups that are wrong as a whole are counted as what they are, so few groups vouch for little.

    Args:
        mistakes: (thresholds, groups) wrong answers.
        answered: (thresholds, groups) answers.
        largest: how many items a group may have.
        error: such as 0.05.
        seed: of the weights.
    """
    thresholds, groups = answered.shape
    draws = int(np.clip(_WEIGHTS // groups, LEAST_DRAWS, MOST_DRAWS))
    rng = np.random.default_rng(seed)
    risks = np.empty((draws, thresholds))
    rows = max(1, _BLOCK // (groups + 1))
    for start in range(0, draws, rows):
        weights = rng.exponential(size=(min(rows, draws - start), groups + 1))
        bad = largest * weights[:, -1:]
        wrong, given = (weights[:, :-1] @ part.T + bad for part in (mistakes, answered))
        risks[start : start + rows] = wrong / given
    limits: Reals = np.quantile(risks, 1 - error, axis=0, method="higher")
    return limits


def units_needed(target: float, error: float) -> int:
    """The fewest items, or whole groups, that can vouch for a risk when none of the answers is wrong."""
    return math.ceil(math.log(error) / math.log1p(-target))


def fit_threshold(
    answers: ConfidenceAndHits, target: float, error: float, guide: ConfidenceAndHits | None = None, seed: int = 0
) -> Threshold:
    """The lowest threshold whose risk is below a target, but for a chance of `error`.

    The thresholds that are tried stand fixed beforehand, evenly over the log-odds of the confidence. A guide, items
    other than these, says in which order: from the one that should pass most easily downwards, until one fails. Such a
    sequence may spend the whole `error` on each (Angelopoulos et al. 2021, "Learn then test"). Without a guide each has
    its share of it, so that all bounds hold together.

    Args:
        answers: to items that chose nothing so far.
        target: the risk to stay below, such as 0.02; with groups, of all items of new groups.
        error: such as 0.05.
        guide: answers to other items.
        seed: of the weights of groups.
    """
    share = error / THRESHOLDS if guide is None else error
    if answers.units < (least := units_needed(target, share)):
        guided = (
            ""
            if guide is not None
            else f" ({units_needed(target, error)} beside a val split, which says where to look)"
        )
        reason = (
            f"{answers.units} {answers.what} in the half of the calibration split that the temperature left; "
            f"a risk of {target:g} takes at least {least}{guided}, all of them answered rightly"
        )
        return Threshold(np.inf, 0.0, np.nan, np.nan, reason)
    tried = 1 / (1 + np.exp(-np.linspace(-4.0, 12.0, THRESHOLDS)))
    answered, mistakes = answers.counts(tried)
    largest = max(answers.largest, 1 if guide is None else guide.largest)
    if largest == 1:
        answered, mistakes = answered.sum(axis=1, keepdims=True), mistakes.sum(axis=1, keepdims=True)
        bounds = risk_bound(mistakes[:, 0], answered[:, 0], share)
    else:
        bounds = grouped_risk_bound(mistakes, answered, largest, share, seed)
    answered, mistakes = answered.sum(axis=1), mistakes.sum(axis=1)
    if guide is None:
        kept = np.flatnonzero(bounds <= target)
        first = int(kept[0]) if len(kept) else None
    else:
        start = _easiest(guide, tried, len(answers) / largest, error)
        failed = np.flatnonzero(bounds[: start + 1] > target)
        first = int(failed[-1]) + 1 if len(failed) else 0
        first = None if first > start else first
    if first is None:
        reason = f"there is no confidence from which {answers.units} {answers.what} can vouch for a risk of {target:g}"
        return Threshold(np.inf, 0.0, np.nan, np.nan, reason)
    return Threshold(
        float(tried[first]),
        float(answered[first] / len(answers)),
        float(mistakes[first] / answered[first]),
        float(bounds[first]),
    )


def _easiest(guide: ConfidenceAndHits, tried: Reals, units: float, error: float) -> int:
    """The threshold whose bound should be lowest for so many units that are like the guide's items."""
    answered, mistakes = (part.sum(axis=1) for part in guide.counts(tried))
    expected = units * answered / len(guide)
    bounds = risk_bound(expected * (mistakes + 0.5) / (answered + 1), expected, error)
    return int(np.argmin(bounds))
