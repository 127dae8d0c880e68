"""The content of `uncertainty.json`."""

from typing import NotRequired, TypedDict

from sightline.metrics.documents.evaluation import Detection
from sightline.metrics.documents.interval import IntervalJson


class MethodScores(TypedDict):
    """One method: its metrics, its gains over the plain answer, and how well signs of doubt find its mistakes."""

    name: str
    members: int
    temperature: float | None
    metrics: dict[str, IntervalJson]
    over_plain: NotRequired[dict[str, IntervalJson]]
    mistakes: NotRequired[dict[str, Detection]]


class Uncertainty(TypedDict):
    """The whole file; `ways` are the methods, the plain answer first."""

    split: str
    n: int
    ways: list[MethodScores]
