"""An interval as every JSON file holds it."""

from typing import TypedDict


class IntervalJson(TypedDict):
    """A value and its limits, null for what is not defined; the confidence they claim and how they were found."""

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
