"""Temperature scaling (Guo et al. 2017): one number softens or sharpens all probabilities and changes no answer.

On few items the likeliest temperature does more harm than good: it follows their luck, and where all of them are right
it sharpens without end. So the temperature that is applied is 1 unless the items speak against it, and moves towards
the likeliest as they do.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtrit

from sightline.calibration.likelihood import HIGHEST, LOWEST, Ints, Likelihood, Logits, share, spread

PRIOR_ITEMS = 8
"""How many items the prior that expects T = 1 counts for (`benchmarks/temperature.py` chose it)."""


@dataclass(frozen=True)
class Temperature:
    """A temperature and what is known of it.

    Attributes:
        value: that is applied.
        likeliest: without any prior.
        low: lower limit of the temperature at which the population's labels are likeliest, or `value` if that is lower.
        high: upper limit, likewise.
        level: confidence of the limits.
        at_bound: whether the likeliest one is `LOWEST` or `HIGHEST`: then the items know of no such temperature.
    """

    value: float
    likeliest: float
    low: float
    high: float
    level: float
    at_bound: bool


def fit_temperature(logits: Logits, labels: Ints, groups: Ints | None = None) -> float:
    """The temperature to apply: the most probable one under a prior that expects the logits to be calibrated.

    Minus the logarithm of the posterior is the negative log-likelihood + rate (1 - 1 / T) + log T above T = 1, and
    below it + rate |log T| + lead (1 / T - 1). The rate is `PRIOR_ITEMS` times the root mean square of the items'
    slopes at T = 1, so the kink of the prior keeps T = 1 unless the items speak against it together. The lead is the
    largest one of an answer over its runner-up: what sharpening would cost if that item came again and were answered
    wrongly. Large miscalibration is corrected almost in full. Where items come in groups, the likelihood counts for as
    much as independent items would know (Chandler and Bate 2007).

    Args:
        logits: (n, classes), finite.
        labels: (n,).
        groups: (n,) which items belong together, as integers from 0, or None.

    Raises:
        ValueError: there are no items.
    """
    data = Likelihood.of(logits, labels)
    slopes = data.slopes(0.0)
    weight = 1.0 if groups is None else share(spread(slopes, None), spread(slopes, groups))
    rate = PRIOR_ITEMS * math.sqrt(float((slopes**2).mean()))
    lead = data.largest_lead
    pull = weight * float(slopes.sum())
    if -rate - lead <= pull <= rate + 1:
        return 1.0

    def slope(log_temperature: float) -> float:
        """Of minus the logarithm of the posterior in 1 / T, on the side of 1 that the items ask for."""
        temperature = math.exp(log_temperature)
        prior = -rate - temperature if pull > 0 else rate * temperature + lead
        return weight * data.slope(log_temperature) + prior

    bound = math.log(HIGHEST if pull > 0 else LOWEST)
    if slope(bound) * pull >= 0:
        return math.exp(bound)
    return math.exp(brentq(slope, bound, 0.0, xtol=1e-8))


def likeliest_temperature(logits: Logits, labels: Ints) -> float:
    """The temperature at which the labels are likeliest, in float64, between `LOWEST` and `HIGHEST`.

    The negative log-likelihood is convex in 1 / T, so its slope has one root at most. It has none where every answer is
    right, as ever lower temperatures fit ever better, and where answers are no better than chance, as ever higher ones
    do. Logits that tell no class from another give 1.

    Raises:
        ValueError: there are no items.
    """
    return Likelihood.of(logits, labels).likeliest()


def describe_temperature(logits: Logits, labels: Ints, level: float, groups: Ints | None = None) -> Temperature:
    """The temperature to apply, with the likeliest one and its limits.

    The limits are those of the profile likelihood, its curvature adjusted to how much the items' slopes vary (Kent
    1982; Chandler and Bate 2007), so that they hold where no temperature makes the logits calibrated, and with groups.

    Args:
        logits: (n, classes), finite.
        labels: (n,).
        level: confidence of the limits, such as 0.95.
        groups: (n,) which items belong together, as integers from 0, or None.

    Raises:
        ValueError: there are no items.
    """
    data = Likelihood.of(logits, labels)
    value, likeliest = fit_temperature(logits, labels, groups), data.likeliest()
    if data.constant:
        return Temperature(value, likeliest, LOWEST, HIGHEST, level, at_bound=False)
    units = len(labels) if groups is None else len(np.unique(groups))
    at = math.log(likeliest)
    weight = share(data.curvature(at), spread(data.slopes(at), groups))
    reach = float(stdtrit(max(1, units - 1), 0.5 + level / 2)) ** 2 / 2 / max(weight, LOWEST)
    least = data.loss(at)

    def beyond(log_temperature: float) -> float:
        """How much less likely than the limits allow."""
        return data.loss(log_temperature) - least - reach

    ends = []
    for bound in (LOWEST, HIGHEST):
        inside = bound == likeliest or beyond(math.log(bound)) <= 0
        ends.append(bound if inside else math.exp(brentq(beyond, math.log(bound), at, xtol=1e-8)))
    at_bound = likeliest in {LOWEST, HIGHEST}
    return Temperature(value, likeliest, min(ends[0], value), max(ends[1], value), level, at_bound)


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
        others = None if groups is None else groups[~held_out]
        scaled[held_out] = apply(logits[held_out], fit_temperature(logits[~held_out], labels[~held_out], others))
    return scaled


def assign_folds(labels: Ints, folds: int, seed: int, groups: Ints | None = None) -> Ints:
    """(n,) a fold for each item: every class spread evenly over the folds, or whole groups dealt out in turn.

    Which fold gets the first item is drawn too, so that no class stands in one fold more often than in another.

    Raises:
        ValueError: there are fewer than two items, or groups.
    """
    rng = np.random.default_rng(seed)
    units = len(labels) if groups is None else int(groups.max(initial=-1)) + 1
    if units < 2:
        raise ValueError(f"{units} items or groups; cross-fitting takes at least 2")
    order = rng.permutation(units)
    if groups is None:
        # One deal that runs on from class to class, so that small classes do not all start in the same fold.
        order = order[np.argsort(labels[order], kind="stable")]
    folds = min(folds, units)
    unit_fold = np.empty(units, dtype=np.int64)
    unit_fold[order] = (int(rng.integers(folds)) + np.arange(units)) % folds
    return unit_fold if groups is None else unit_fold[groups]
