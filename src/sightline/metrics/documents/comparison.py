"""The content of `comparison.json`."""

from typing import Literal, NotRequired, TypedDict

from sightline.metrics.documents.interval import IntervalJson

About = Literal["ways of training", "trained models"]
"""What a comparison ranks: ways of training, where each has as many seeds and more than one; else trained models."""


class SystemCosts(TypedDict):
    """What a system cost, and the runs it stands for; null where it is not known."""

    parameters: float | None
    trained_parameters: float | None
    flops: float | None
    latency_ms: float | None
    images_per_second: float | None
    training_seconds: float | None
    runs: list[str]


class ComparedSystem(IntervalJson):
    """A system's own value, and where its variance comes from; then `SystemCosts`, which the stage adds.

    `sampling_sd` is the standard deviation that other items would bring, `training_sd` the one that other seeds would,
    with its limits; null where one seed, or one unit of the items, cannot show it.
    """

    name: str
    seeds: int
    values: list[float]
    sampling_sd: float | None
    training_sd: float | None
    training_sd_low: NotRequired[float | None]
    training_sd_high: NotRequired[float | None]
    parameters: NotRequired[float | None]
    trained_parameters: NotRequired[float | None]
    flops: NotRequired[float | None]
    latency_ms: NotRequired[float | None]
    images_per_second: NotRequired[float | None]
    training_seconds: NotRequired[float | None]
    runs: NotRequired[list[str]]
    seconds_to_target: NotRequired[float | None]


class Pair(TypedDict):
    """The difference of two systems, the first less the second; null with a reason where it cannot be judged.

    `low` and `high` are of this pair alone, and agree with `p_value`; `low_adjusted` and `high_adjusted` hold for all
    pairs at once, and agree with `p_adjusted`.
    """

    a: str
    b: str
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    low_adjusted: NotRequired[float | None]
    high_adjusted: NotRequired[float | None]
    method: str
    reason: NotRequired[str | None]


class Rank(TypedDict):
    """A system's place, and those that cannot be told apart from it."""

    rank: int
    name: str
    value: float
    tied_with: list[str]


class Comparison(TypedDict):
    """The whole file; the last two keys are of the stage, which knows the runs behind the predictions.

    `metric` is one of the catalogue, or a column of mode `robustness` with its target: `robustness/label/fog_3`.
    """

    n: int
    metric: str
    lower_is_better: bool
    level: float
    about: NotRequired[About]
    systems: list[ComparedSystem]
    pairs: list[Pair]
    ranking: list[Rank]
    notes: list[str]
    split: NotRequired[str]
    target_val_accuracy: NotRequired[float | None]
