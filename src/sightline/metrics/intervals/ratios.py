"""Limits of ratios of sums over images, and of means of such ratios: IoU is pixels over pixels, added up over images.

Each image is left out in turn (the jackknife), which keeps together what lies in one image; whole groups of images
where there are groups. No resample is drawn, so nothing here depends on a seed.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtrit

from sightline.metrics.intervals.interval import Interval, undefined, wilson_share, z_score
from sightline.metrics.scores.pixels import defined

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

UNSEEN = 0.12
"""Of a variance of what is all or nothing: how much of it few images leave open, over their number cubed."""
_NOTHING = 1e-18
"""A variance that is rounding."""


@dataclass(frozen=True)
class Ratios:
    """k ratios between 0 and 1, each of two sums over the same units: images, or whole groups of them.

    Attributes:
        parts: (units, k) the numerators.
        wholes: (units, k) the denominators.
        evidence: (units, k) how much of what a ratio is about a unit shows, such as pixels of the class: a ratio is no
            better known than by the units that show some.
    """

    parts: Reals
    wholes: Reals
    evidence: Reals

    @classmethod
    def of(cls, parts: Reals, wholes: Reals, evidence: Reals, groups: Ints | None) -> Self:
        """From (images, k) of each, added up by (images,) groups where there are any."""
        return cls(*(added_up(each, groups) for each in (parts, wholes, evidence)))

    @cached_property
    def values(self) -> Reals:
        """(k,) the ratios; NaN where the denominator is 0."""
        return defined(self.parts.sum(axis=0), self.wholes.sum(axis=0))

    @cached_property
    def influence(self) -> Reals:
        """(units, k) what each unit does to each ratio; the sum of their squares is the jackknife's variance.

        A ratio that is no longer there without a unit is taken to stay as it is.
        """
        units = len(self.parts)
        rest = self.wholes.sum(axis=0) - self.wholes
        without = np.where(rest > 0, defined(self.parts.sum(axis=0) - self.parts, rest), self.values)
        return np.asarray(np.sqrt((units - 1) / units) * (without.mean(axis=0) - without))

    @cached_property
    def seen(self) -> Ints:
        """(k,) units that show something of each ratio."""
        return np.asarray((self.evidence > 0).sum(axis=0))

    @cached_property
    def size(self) -> Reals:
        """(k,) how many units of one size the units are worth (Kish 1965), by denominators or evidence, the fewer."""
        return np.minimum(effective(self.wholes), effective(self.evidence))

    def intervals(self, level: float, method: str) -> list[Interval]:
        """Each ratio with its limits; of one that a single unit shows any value is possible."""
        lows, highs = self._limits(level, freedom(self.influence, np.minimum(self.seen, len(self.parts)) - 1))
        return [
            Interval(float(value), float(low), float(high), level, method) if np.isfinite(value) else undefined(level)
            for value, low, high in zip(self.values, lows, highs, strict=True)
        ]

    def mean(self, level: float, method: str) -> Interval:
        """The mean of the ratios that are defined.

        The reaches of their own limits are added by squares, with the correlations that units bring about (MOVER; Zou
        and Donner 2008), so that one ratio which few units show moves the limit on its own side alone. Student's t
        stands for how well the variance of the mean is known.
        """
        there = np.isfinite(self.values)
        if not there.any():
            return undefined(level)
        value, influence = float(self.values[there].mean()), self.influence[:, there]
        lows, highs = self._limits(level, np.full(len(there), np.inf))
        wider = stretch(float(freedom(influence.mean(axis=1)[:, None], len(self.parts) - 1)[0]), level)
        correlation = correlations(influence)
        reaches = self.values[there] - lows[there], highs[there] - self.values[there]
        down, up = (
            wider * math.sqrt(max(0.0, float(reach @ correlation @ reach))) / len(correlation) for reach in reaches
        )
        return Interval(value, max(0.0, value - down), min(1.0, value + up), level, method)

    def _limits(self, level: float, degrees: Reals) -> tuple[Reals, Reals]:
        """(k,) lower and upper limits on the scale of log-odds, with Student's t of so many degrees of freedom."""
        values, size = self.values, self.size
        odd = values * (1 - values)
        unseen = UNSEEN * odd / np.maximum(size, 1) ** 3
        variance = (self.influence**2).sum(axis=0) + unseen
        inside = (odd > 0) & (variance - unseen > _NOTHING)
        reach = np.array([stretch(one, level) for one in degrees]) * z_score(level)
        scale = np.where(inside, odd, 1.0)
        centre = logit(np.where(inside, values, 0.5))
        ends = [expit(centre + sign * reach * np.sqrt(variance) / scale) for sign in (-1, 1)]
        for index in np.flatnonzero(~inside & np.isfinite(values)):  # units that agree: as many right or wrong items
            plain = wilson_share(float(values[index]), float(size[index]), level)
            ends[0][index], ends[1][index] = plain.low, plain.high
        ends[0][self.seen < 2], ends[1][self.seen < 2] = 0.0, 1.0
        return ends[0], ends[1]


def added_up(each: Reals, groups: Ints | None) -> Reals:
    """(units, k) sums of (images, k) rows by group, or the rows as they are."""
    if groups is None:
        return each
    sums = np.zeros((int(groups.max()) + 1, each.shape[1]))
    np.add.at(sums, groups, each)
    return sums


def effective(sizes: Reals) -> Reals:
    """(k,) how many units of one size (units, k) units of unlike sizes are worth; 0 for none."""
    squares = (sizes**2).sum(axis=0)
    return np.asarray(np.divide(sizes.sum(axis=0) ** 2, squares, out=np.zeros_like(squares), where=squares > 0))


def freedom(influence: Reals, most: Ints | int) -> Reals:
    """(k,) degrees of freedom of the variances of (units, k) influences, from their fourth moments, from 1 to `most`.

    Where few units bring most of a variance it is known as badly as if there were no others (Satterthwaite 1946).
    """
    squares = influence**2
    total = squares.sum(axis=0)
    uncertain = (squares**2).sum(axis=0) - total**2 / len(squares)
    found = np.divide(2 * total**2, uncertain, out=np.full(len(total), np.inf), where=uncertain > 0)
    return np.asarray(np.maximum(1.0, np.minimum(found, most)))


def stretch(degrees: float, level: float) -> float:
    """How much wider Student's t is than the normal quantile."""
    return 1.0 if np.isinf(degrees) else float(stdtrit(degrees, 0.5 + level / 2)) / z_score(level)


def correlations(influence: Reals) -> Reals:
    """(k, k) correlations of (units, k) influences; 0 where one does not vary, but 1 on the diagonal."""
    spread = np.sqrt((influence**2).sum(axis=0))
    found = np.divide(
        influence.T @ influence, both := np.outer(spread, spread), out=np.zeros_like(both), where=both > 0
    )
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)
