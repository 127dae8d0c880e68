"""Systems compared by what single images score under conditions: corruptions, attacks, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sightline.errors import UsageError
from sightline.metrics.comparison.compare import Contest, compared
from sightline.metrics.comparison.judged import Judged
from sightline.metrics.comparison.systems import measure_judged
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.intervals.interval import Interval
from sightline.metrics.intervals.ratios import added_up
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.metric import Metric
from sightline.metrics.robustness.corruption_error import mean_score

Reals = NDArray[np.float64]


class Member(Protocol):
    """What one trained model scores on n images."""

    @property
    def scores(self) -> Reals:
        """(n, conditions) from 0 to 1, the images in the same order for all; none is NaN."""


class System(Protocol):
    """One way of training."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def members(self) -> Sequence[Member]:
        """One or more."""


@dataclass(frozen=True)
class ScoredImages:
    """One member alone, measured as mode `robustness` does.

    Attributes:
        scores: (n, conditions).
        metric: their mean.
    """

    scores: Reals
    metric: Metric

    def intervals(self, resampling: Resampling, *, only: Sequence[str] | None = None) -> dict[str, Interval]:
        """The mean with its limits."""
        found = {self.metric.name: mean_score(self.scores, resampling, graded=self.metric.graded)}
        return {name: one for name, one in found.items() if only is None or name in only}


def compare_columns(systems: Sequence[System], *, metric: Metric, resampling: Resampling) -> Comparison:
    """Measure systems on the same images, each against each: the content of `comparison.json`.

    Args:
        systems: one or more.
        metric: the mean of the scores; graded where a single one may lie anywhere between 0 and 1, as an IoU does, with
            `hits` where each image is right or wrong, under one condition.
        resampling: how intervals are found; its groups are those of the images.

    Raises:
        UsageError: there is nothing to compare, or names repeat.
    """
    names = [system.name for system in systems]
    if not systems or not len(systems[0].members[0].scores):
        raise UsageError(f"compare.metric={metric.name}: there is nothing to compare")
    if repeated := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"two systems are called {min(repeated)}")
    measured = [
        measure_judged(system.name, tuple(judged(one.scores, resampling) for one in system.members), resampling.seed)
        for system in systems
    ]
    alone = [[ScoredImages(one.scores, metric) for one in system.members] for system in systems]
    none = np.zeros(0, dtype=np.int64)
    return compared(Contest(metric, measured, alone, none, len(systems[0].members[0].scores)), resampling)


def judged(scores: Reals, resampling: Resampling) -> Judged:
    """The mean of (n, conditions) scores as a function of what each image, or group, adds."""
    rows = np.stack([scores.mean(axis=1), np.ones(len(scores))], axis=1)
    return Judged(csr_array(added_up(rows, resampling.groups).T), lambda sums: sums[0] / sums[1], linear=True)
