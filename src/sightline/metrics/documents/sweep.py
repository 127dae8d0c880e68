"""The content of `sweep.json`."""

from collections.abc import Mapping
from typing import TypedDict

Choice = float | int | str | bool | None
"""A value of a dimension of the search; null where a trial had none. Of a categorical one it may be a list of these."""


class Trial(TypedDict):
    """One trial; `curve` has a value for each epoch that it trained."""

    number: int
    name: str
    state: str
    value: float | None
    values: dict[str, Choice]
    curve: list[float]
    seconds: float | None
    run: str | None
    reason: str


class FreshRun(TypedDict):
    """A configuration trained anew with a seed that no trial used."""

    name: str
    seed: int
    value: float
    run: str


class Retrained(TypedDict):
    """A configuration trained anew: what the search saw of it, what fresh seeds reach, and the gap between them."""

    name: str
    trial: int
    values: dict[str, Choice]
    in_search: float | None
    fresh: list[FreshRun]
    mean: float
    sd: float | None
    gap: float


class Study(TypedDict):
    """The whole file; `again` has the best first."""

    name: str
    storage: str
    metric: str
    direction: str
    sampler: str
    pruner: str
    extent: dict[str, int]
    space: dict[str, str]
    trials: list[Trial]
    best: int | None
    as_configured: int | None
    importances: dict[str, float]
    again: list[Retrained]


def keys_of(space: Mapping[str, str]) -> list[str]:
    """The keys of a space in their order; one that is searched under several conditions stands there for each."""
    return list(dict.fromkeys(name.split(" (")[0] for name in space))
