"""The content of `sweep.json`."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

from sightline.metrics.documents.comparison import Pair

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


class TestComparison(TypedDict):
    """The winner less the configuration as it was, on the test split, by the metric of the search."""

    runs: list[str]
    metric: str
    level: float
    pair: Pair


class Retrained(TypedDict):
    """A configuration trained anew: what the search saw of it, what fresh seeds reach, and the gap between them.

    `gap_limits` is the gap from predictions on val with its limits: the luck of seeds, and that of items, which are the
    same for all. Null where the run of the trial is elsewhere.
    """

    name: str
    trial: int
    values: dict[str, Choice]
    in_search: float | None
    fresh: list[FreshRun]
    mean: float
    sd: float | None
    gap: float
    gap_limits: NotRequired[Pair | None]


class Study(TypedDict):
    """The whole file; `again` has the best first.

    `gain` is what the winner is better by than the configuration as it was, on val, where the winner was chosen; `test`
    compares the two where nothing was. Both are null where the configuration itself won, or was no trial.
    """

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
    gain: NotRequired[Pair | None]
    test: NotRequired[TestComparison | None]


def keys_of(space: Mapping[str, str]) -> list[str]:
    """The keys of a space in their order; one that is searched under several conditions stands there for each."""
    return list(dict.fromkeys(name.split(" (")[0] for name in space))
