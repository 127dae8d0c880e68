"""The content of `drift.json`."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from sightline.metrics.documents.interval import IntervalJson


class DriftRow(TypedDict):
    """One statistic.

    `distance` is that of Kolmogorov and Smirnov, of classes the total variation, of features that of Kolmogorov and
    Smirnov of what tells both samples apart best; all lie between 0 and 1. `p` is corrected for the number of
    statistics. `drifted`: p is at most the level; `matters`: the distance is at least the smallest one besides.
    """

    name: str
    distance: float
    p: float
    p_alone: float
    drifted: bool
    matters: bool
    words: str
    reference: NotRequired[float]
    new: NotRequired[float]
    difference: NotRequired[IntervalJson]
    delta: NotRequired[IntervalJson]


class ClassShare(TypedDict):
    """How often a class is predicted."""

    name: str
    reference: float
    new: float
    ratio: IntervalJson


class Drift(TypedDict):
    """The whole file; `outcome` is `pass`, `warn`, `refuse`, or `unjudged` of too few images."""

    n: int
    n_reference: int
    reference: str
    outcome: str
    policy: str
    level: float
    smallest: float
    permutations: int
    p: float | None
    statistics: Sequence[DriftRow]
    classes: Sequence[ClassShare]
    notes: Sequence[str]
