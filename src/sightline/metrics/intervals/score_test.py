"""Limits by inverting a score test, as Wilson's are found: of a mean of shares of classes, and of a mean of losses.

A value belongs to the limits if the estimate lies no more than z standard errors from it, where the standard error is
that of the likeliest population which has this value (Wilson 1927; for several shares Miettinen and Nurminen 1985; for
a mean the population is the empirical likelihood's, Owen 1988). So limits are wide where few mistakes were seen, unlike
those that take the standard error of the items alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sightline.metrics.intervals.interval import stretch_of_few, z_score

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP = 20.0
"""Logarithm of how far the search for a limit reaches."""


@dataclass(frozen=True)
class ClassShares:
    """A score that is a weighted sum over k classes, each of a share or of its F1.

    Attributes:
        shares: (k,) of right items among those of the class; of an F1 that among those that are the class or called it.
        sizes: (k,) how many independent items each share rests on; 0 where nothing is known of it.
        weights: (k,) positive.
        harmonic: whether it is 2 J / (1 + J) of each share J that counts, which is F1.
        inflation: variance of the score over that of independent classes: mistakes count in two of them.
        shift: how far the score lies below its expectation with ever more items.
        mistakes: share of wrong items among all.
        items: how many independent items there are.
    """

    shares: Reals
    sizes: Reals
    weights: Reals
    harmonic: bool = False
    inflation: float = 1.0
    shift: float = 0.0
    mistakes: float = 0.5
    items: float = np.inf

    def scores(self, shares: Reals) -> Reals:
        """(k,) what these shares count."""
        return 2 * shares / (1 + shares) if self.harmonic else shares

    def variance(self, shares: Reals, sizes: Reals, weights: Reals) -> float:
        """Of the score, if these were the shares."""
        slopes = 2 / (1 + shares) ** 2 if self.harmonic else 1.0
        return self.inflation * float(((weights * slopes) ** 2 * shares * (1 - shares) / sizes).sum())


def mean_of_shares(found: ClassShares, value: float, level: float, caution: float = 1.0) -> tuple[float, float]:
    """Limits of a score of classes; of a class of which nothing is known any share is possible.

    Args:
        found: the shares and their sizes.
        value: the score.
        level: confidence, such as 0.95.
        caution: how much wider few groups make limits.
    """
    known = found.sizes > 0
    shares, sizes, weights = found.shares[known], found.sizes[known], found.weights[known]
    unknown = float(found.weights[~known].sum())
    quantile = z_score(level) * caution
    centre = float((weights * found.scores(shares)).sum())

    def surplus(at: float, sign: int) -> float:
        """Of the squared distance over what the test allows, along the likeliest shares of ever further values."""
        moved = _likeliest(shares, sizes, weights, sign * np.exp(at))
        distance = float((weights * found.scores(moved)).sum()) - centre
        return distance**2 - quantile**2 * found.variance(moved, sizes, weights) - 1e-16

    ends = []
    if known.any():
        furthest = float(np.log(sizes.max() / weights.min())) + _STEP
        for sign in (-1, 1):
            end = furthest
            if surplus(-_STEP, sign) < 0 < surplus(furthest, sign):
                end = float(brentq(surplus, -_STEP, furthest, args=(sign,), xtol=1e-6))
            moved = _likeliest(shares, sizes, weights, sign * np.exp(end))
            ends.append(float((weights * found.scores(moved)).sum()) - centre)
    else:
        ends = [0.0, 0.0]
    below = -ends[0] * stretch_of_few(1 - found.mistakes, found.items, level)
    above = ends[1] * stretch_of_few(found.mistakes, found.items, level)
    # Where the shift came from too few items it may be too large, so it moves the upper limit alone.
    low, high = centre - below, centre + found.shift + above + unknown
    return max(0.0, min(value, low)), min(1.0, max(value, high))


def _likeliest(shares: Reals, sizes: Reals, weights: Reals, pull: float) -> Reals:
    """The likeliest shares whose weighted sum is another: the solution p of n (share - p) + pull w p (1 - p) = 0."""
    strength = pull * weights / sizes
    plain = 1 - strength
    root = np.sqrt(np.maximum(0.0, plain**2 + 4 * strength * shares))
    # Two forms of one root: each loses digits where the other does not.
    direct = np.divide(2 * shares, plain + root, out=np.zeros_like(root), where=plain + root > 0)
    return np.clip(np.where(plain > 0, direct, (root - plain) / (2 * strength)), 0.0, 1.0)


@dataclass(frozen=True)
class Losses:
    """A score that is a mean over items.

    Attributes:
        each: (n,) of the items as they are.
        if_wrong: what an item loses on average if its answer is wrong.
        if_right: the same if it is right.
        mistakes: share of wrong items.
        items: how many independent items there are.
    """

    each: Reals
    if_wrong: float
    if_right: float
    mistakes: float
    items: float


def mean_of_losses(
    found: Losses, level: float, groups: Ints | None = None, caution: float = 1.0
) -> tuple[float, float]:
    """Limits of a mean loss. The population may hold wrong answers though none was seen, and right ones likewise.

    Args:
        found: the losses.
        level: confidence, such as 0.95.
        groups: (n,) which items belong together, as integers from 0, or None.
        caution: how much wider few groups make limits.
    """
    each = found.each if groups is None else by_group(found.each, groups)
    mean = float(each.mean())
    quantile = z_score(level) * caution
    above = furthest_mean(each, found.if_wrong, quantile) - mean
    below = furthest_mean(-each, -found.if_right, quantile) + mean
    above *= stretch_of_few(1 - found.mistakes, found.items, level)
    below *= stretch_of_few(found.mistakes, found.items, level)
    return mean - below, mean + above


def by_group(each: Reals, groups: Ints) -> Reals:
    """(groups,) values with the mean of the (n,) items and the variance that whole groups give it.

    Args:
        each: of the items.
        groups: (n,) which items belong together, as integers; numbers without an item are no groups.
    """
    mean = each.mean()
    _, groups = np.unique(groups, return_inverse=True)
    sums = np.bincount(groups, each - mean)
    return np.asarray(mean + sums * len(sums) / len(each))


def furthest_mean(each: Reals, unseen: float, quantile: float) -> float:
    """The largest mean that a population may have from which these (n,) values came; `unseen` may be among it.

    The likeliest population of a mean gives each value a weight proportional to 1 / (c - value); the nearer c comes to
    the largest value, the larger the mean. Where even c = `unseen` is not enough, the rest of the weight is there.
    """
    n = len(each)
    mean = float(each.mean())
    largest = float(each.max())
    scale = max(float(np.ptp(each)), abs(unseen - mean))
    if scale <= 1e-12 * max(1.0, abs(mean)):
        return mean
    beyond = unseen > largest + 1e-9 * scale
    top = unseen if beyond else largest
    spread = n / max(n - 1, 0.5)

    def population(at: float) -> tuple[float, float]:
        """Mean and variance; `at` is the share of the unseen value where positive, else how near c comes, as a log."""
        nearness = top - each if at > 0 else top + scale * np.exp(-at - 12) - each
        weights = 1 / nearness
        weights *= (1 - max(at, 0.0)) / weights.sum()
        found = float(weights @ each) + max(at, 0.0) * unseen
        return found, float(weights @ (each - found) ** 2) + max(at, 0.0) * (unseen - found) ** 2

    def surplus(at: float) -> float:
        """Of the squared distance from the mean over what the test allows."""
        shifted, variance = population(at)
        return (shifted - mean) ** 2 - quantile**2 * variance * spread / n - 1e-18 * scale**2

    end = 1 - 1e-12 if beyond and surplus(1e-12) < 0 else 0.0
    if surplus(end) > 0:
        start = 1e-12 if end else -_STEP
        end = float(brentq(surplus, start, end, xtol=1e-12 if end else 1e-8))
    return population(end)[0]
