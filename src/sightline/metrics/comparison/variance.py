"""How uncertain a mean over trained members is: what the items bring, and what the seeds bring.

The variance that items bring is that of the jackknife: the metric is computed without each unit (an item, or a whole
group) in turn. Nothing is held fixed, neither how often classes occur nor which classes there are, so it is a
statement about the population.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, stdtr, stdtrit

from sightline.metrics.comparison.judged import Judged
from sightline.metrics.metric import Metric

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Freedom:
    """A variance that was estimated, and the degrees of freedom of Student's t that its own uncertainty asks for."""

    variance: float
    freedom: float

    def half_width(self, level: float) -> float:
        """How far limits reach to either side."""
        return float(stdtrit(self.freedom, 0.5 + level / 2)) * math.sqrt(self.variance)

    def p_value(self, difference: float) -> float:
        """The chance of a difference as large if there were none."""
        if self.variance == 0:
            return 1.0
        return min(1.0, max(2 * float(stdtr(self.freedom, -abs(difference) / math.sqrt(self.variance))), SMALLEST))


SMALLEST = float(np.finfo(np.float64).tiny)
"""No p-value is 0: a smaller one is given as this."""


def jackknife(without: Reals) -> Reals:
    """(units,) what each unit does to a metric; the sum of their squares is the jackknife's variance (Tukey 1958).

    Args:
        without: (units,) the metric without each unit in turn, at least two.
    """
    return np.asarray(math.sqrt((len(without) - 1) / len(without)) * (without.mean() - without))


def of_items(influence: Reals, floor: float, most: float) -> Freedom:
    """The variance that items bring, never below `floor`.

    The freedom follows from the fourth moment (Satterthwaite 1946): where few units bring most of the variance, as
    the only items of a rare class do, it is known as badly as if there were no others.

    Args:
        influence: (units,) of a value or of a difference.
        floor: a variance that is added, for what these items cannot show.
        most: degrees of freedom at most.
    """
    squares = influence**2
    seen = float(squares.sum())
    uncertain = float((squares**2).sum()) - seen**2 / len(squares)
    freedom = 2 * (seen + floor) ** 2 / uncertain if uncertain > 0 else most
    return Freedom(seen + floor, float(np.clip(freedom, 1.0, most)))


def floor_of(metric: Metric, truth: Ints, units: int, scatter: float, *, grouped: bool) -> float:
    """The variance that two more units would bring, on one of which one system alone is right, on the other the other.

    They are what Bonett and Price (2012) add to the two counts of paired answers that differ; of a mean over classes
    each class has its share of them, as in Price and Bonett (2004) for sums of proportions. Without them two systems
    that make no mistake here would seem certain to make none anywhere. Where a unit is not right or wrong but scores
    anything in between, two more vary as those seen do.

    Args:
        metric: which.
        truth: (classes,) units of each class.
        units: in all.
        scatter: the mean variance of a unit's contribution (`Measured.scatter`).
        grouped: whether units are groups. Where groups make mistakes, such a group differs from others as those do.
    """
    if metric.highest != 1.0 or metric.graded:
        return 2 * scatter / (units + 2) ** 2
    size = min(1.0, 4 * scatter) if grouped and scatter > 0 else 1.0
    if metric.mean is not None and metric.mean.over != "support":
        there = truth[truth > 0].astype(np.float64)
        extra = 2 / len(there)
        return size * float((extra / (len(there) * (there + extra)) ** 2).sum())
    return size * 2 / (units + 2) ** 2


@dataclass(frozen=True)
class Measured:
    """A system's metric: of each member, and how it depends on the units of the items.

    Attributes:
        name: of the system.
        judged: the members.
        values: (members,).
        influence: (members, units) of each member's value.
    """

    name: str
    judged: tuple[Judged, ...]
    values: Reals
    influence: Reals

    @property
    def mean(self) -> float:
        """Over the members."""
        return float(self.values.mean())

    @property
    def seeds(self) -> int:
        """How many members."""
        return len(self.values)

    @cached_property
    def of_mean(self) -> Reals:
        """(units,) influence on the mean."""
        return np.asarray(self.influence.mean(axis=0))

    @property
    def scatter(self) -> float:
        """The mean variance of what a unit contributes to a member's value, times the units."""
        return float(self.influence.shape[1]) * float((self.influence**2).sum(axis=1).mean())

    @cached_property
    def interaction(self) -> float:
        """The variance between members that follows from the items alone (Dorfman, Berbaum and Metz 1992)."""
        if self.seeds < 2:
            return 0.0
        return float(((self.influence - self.of_mean) ** 2).sum() / (self.seeds - 1))

    @cached_property
    def between(self) -> float:
        """The variance between members."""
        return float(self.values.var(ddof=1)) if self.seeds > 1 else 0.0

    @property
    def training_variance(self) -> float:
        """What another seed would change: the variance between members less what the items alone bring about."""
        return max(0.0, self.between - self.interaction)

    def training_limits(self, level: float, floor: float) -> tuple[float, float]:
        """Limits of the standard deviation that seeds bring, from those of the variance between members (chi-square).

        A variance between members that is smaller than what the items alone must bring about is luck, so the upper
        limit starts from the larger of both, and never from less than `floor`.
        """
        freedom = self.seeds - 1
        lowest = freedom * self.between / float(chdtri(freedom, 0.5 - level / 2))
        largest = max(self.between, self.interaction, floor)
        highest = freedom * largest / float(chdtri(freedom, 0.5 + level / 2))
        low, high = (max(0.0, end - self.interaction) ** 0.5 for end in (lowest, highest))
        return low, high


def with_seeds(items: Freedom, systems: tuple[Measured, ...], most: float) -> Freedom:
    """The variance of items and that of seeds together, with Satterthwaite's freedom.

    A system with one member says nothing of seeds. Beside one with several it is given the other's variance; where no
    system has several, the result is about these trained models.
    """
    known = [one for one in systems if one.seeds > 1]
    variance, uncertain = items.variance, items.variance**2 / items.freedom
    for one in known:
        shares = 1 / one.seeds + sum(1 / len(known) for other in systems if other.seeds == 1)
        variance += one.training_variance * shares
        uncertain += (one.between * shares) ** 2 / (one.seeds - 1)
    freedom = variance**2 / uncertain if uncertain > 0 else most
    return Freedom(variance, float(np.clip(freedom, 1.0, most)))
