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
    """One kind of conformal sets: its quantile (null is infinite), and what it was worth on items that fitted none."""

    method: SetMethod
    alpha: float
    conditional: Literal["marginal", "class"]
    quantile: float | list[float | None] | None
    coverage: NotRequired[IntervalJson]
    mean_size: NotRequired[float]
    empty: NotRequired[float]
    single: NotRequired[float]
    sizes: NotRequired[list[int]]


class SelectiveThreshold(TypedDict):
    """A threshold of confidence for one target risk; null where none keeps it."""

    target_risk: float
    threshold: float | None
    coverage: float
    risk: float | None
    risk_bound: float | None
    error: float


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
    """Conformal sets and thresholds; sets were measured on `judged_on` items, with 0 on none."""

    conformal: list[ConformalSets]
    judged_on: int
    selective: list[SelectiveThreshold]


class Calibration(Promised):
    """Temperature, sets and thresholds, and the calibration errors before and after.

    `null` is what a calibrated model with the same probabilities would show (`null_calibration`).
    """

    split: str
    n: int
    n_temperature: int
    n_promises: int
    temperature: float
    bins: int
    calibrators: list[CalibratorScores]
    before: dict[str, IntervalJson]
    after: dict[str, IntervalJson]
    null: BeforeAndAfter[dict[str, float]]
    reliability: BeforeAndAfter[list[ReliabilityBin]]
