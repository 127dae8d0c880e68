"""The content of `validation.json`."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict


class Spread(TypedDict):
    """The smallest, the median and the largest of some numbers, whole where they are whole."""

    min: float
    median: float
    max: float


class Found(TypedDict):
    """What a check of the data found, under which policy, and what was done about it."""

    check: str
    policy: str
    outcome: str
    count: int
    message: str
    examples: Sequence[str]


class Validation(TypedDict):
    """The whole file; `outcome` is the gravest of the findings.

    `pixels` is of masks: how many pixels of each class each split has, and under `ignored` those that do not count.
    """

    n: int
    outcome: str
    classes: Mapping[str, int]
    sizes: Mapping[str, Spread]
    modes: Mapping[str, int]
    findings: Sequence[Found]
    pixels: NotRequired[Mapping[str, Mapping[str, int]]]
