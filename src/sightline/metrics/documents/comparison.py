"""The content of `comparison.json`."""

from typing import NotRequired, TypedDict

from sightline.metrics.documents.interval import IntervalJson


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
    """A system's own value, and where its variance comes from; then `SystemCosts`, which the stage adds."""

    name: str
    seeds: int
    values: list[float]
    sampling_sd: float
    training_sd: float | None
    parameters: NotRequired[float | None]
    trained_parameters: NotRequired[float | None]
    flops: NotRequired[float | None]
    latency_ms: NotRequired[float | None]
    images_per_second: NotRequired[float | None]
    training_seconds: NotRequired[float | None]
    runs: NotRequired[list[str]]
    seconds_to_target: NotRequired[float | None]


class Pair(TypedDict):
    """The difference of two systems, the first less the second."""

    a: str
    b: str
    difference: float
    low: float
    high: float
    p_value: float
    p_adjusted: float
    method: str


class Rank(TypedDict):
    """A system's place, and those that cannot be told apart from it."""

    rank: int
    name: str
    value: float
    tied_with: list[str]


class Comparison(TypedDict):
    """The whole file; the last two keys are of the stage, which knows the runs behind the predictions."""

    n: int
    metric: str
    lower_is_better: bool
    level: float
    systems: list[ComparedSystem]
    pairs: list[Pair]
    ranking: list[Rank]
    notes: list[str]
    split: NotRequired[str]
    target_val_accuracy: NotRequired[float | None]
