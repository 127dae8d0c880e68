"""The content of `calibration.json`."""

from typing import Generic, Literal, NotRequired, TypedDict, TypeVar

from sightline.metrics.documents.interval import IntervalJson

Content = TypeVar("Content")
SetMethod = Literal["lac", "aps", "raps"]
"""Scores that conformal sets are made of."""


class ReliabilityBin(TypedDict):
    """An equal-width bin of confidence that holds items, and the accuracy there with its limits."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


class ConformalSets(TypedDict):
    """One kind of conformal sets: its quantile (null is infinite), and what it was worth on items that fitted none.

    `empty_promise` says why a quantile is infinite, and for how many classes; it is "" where none is. `size` is
    `mean_size` with its limits, `all_classes` the share of sets that hold every class.
    """

    method: SetMethod
    alpha: float
    conditional: Literal["marginal", "class"]
    quantile: float | list[float | None] | None
    empty_promise: NotRequired[str]
    coverage: NotRequired[IntervalJson]
    mean_size: NotRequired[float]
    size: NotRequired[IntervalJson]
    empty: NotRequired[float]
    single: NotRequired[float]
    all_classes: NotRequired[float]
    sizes: NotRequired[list[int]]


class SelectiveThreshold(TypedDict):
    """A threshold of confidence for one target risk; null where none keeps it, and why.

    `answered` is `coverage` with its limits; a rule that never answers has none.
    """

    target_risk: float
    threshold: float | None
    coverage: float
    answered: NotRequired[IntervalJson]
    risk: float | None
    risk_bound: float | None
    error: float
    reason: NotRequired[str]


class TemperatureFit(IntervalJson):
    """The temperature with limits of the likeliest one, which is applied as far as the items speak for it.

    `at_bound`: the search for the likeliest one ended at its bound. `n_groups` is null where items stand for
    themselves. `few`: too few items, or groups, to tell much of it. `note` says what a reader must know, or "".
    """

    likeliest: float
    at_bound: bool
    few: bool
    n: int
    n_groups: int | None
    note: str


class CalibratorScores(TypedDict):
    """One way to calibrate, cross-fitted; `changed` is the share of answers that it changes."""

    name: str
    metrics: dict[str, IntervalJson]
    changed: float
    over_temperature: NotRequired[dict[str, IntervalJson]]


class BeforeAndAfter(TypedDict, Generic[Content]):
    """The same before and after the temperature."""

    before: Content
    after: Content


class Promised(TypedDict):
    """Conformal sets and thresholds; sets were measured on `judged_on` items, with 0 on none.

    `n_groups` is how many groups vouch for them, or null where items stand for themselves.
    """

    conformal: list[ConformalSets]
    judged_on: int
    n_groups: NotRequired[int | None]
    selective: list[SelectiveThreshold]


class Calibration(Promised):
    """Temperature, sets and thresholds, and the calibration errors before and after.

    `null` is what a calibrated model with the same probabilities would show on average, `null_high` what it exceeds in
    5 % of samples (`null_calibration`). `gain` is `after`
    less `before`, cross-fitted. Files of earlier versions lack keys that came later.
    """

    split: str
    n: int
    n_temperature: int
    n_promises: int
    temperature: float
    temperature_fit: NotRequired[TemperatureFit]
    gain: NotRequired[dict[str, IntervalJson]]
    bins: int
    calibrators: list[CalibratorScores]
    before: dict[str, IntervalJson]
    after: dict[str, IntervalJson]
    null: BeforeAndAfter[dict[str, float]]
    null_high: NotRequired[BeforeAndAfter[dict[str, float]]]
    reliability: BeforeAndAfter[list[ReliabilityBin]]
