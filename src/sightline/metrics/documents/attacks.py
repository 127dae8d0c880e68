"""What `robustness.json` holds of attacks."""

from typing import NotRequired, TypedDict

from sightline.metrics.documents.interval import IntervalJson


class CheckJson(TypedDict):
    """Something that must hold, whether it does, and what was seen."""

    name: str
    holds: bool
    seen: str


class RobustShares(TypedDict):
    """Robust accuracy on all items, and among those that are right as they are."""

    of_all: IntervalJson
    of_right: IntervalJson


class AttackScores(TypedDict):
    """One attack; `effort` holds what it took of steps, restarts and queries."""

    name: str
    label: str
    effort: dict[str, int]
    robust: RobustShares


class NoiseScores(TypedDict):
    """Random noise as large as the budget: accuracy under it, and the share of the right ones that stay right."""

    name: str
    label: str
    accuracy: IntervalJson
    of_right: IntervalJson


class Attacks(TypedDict):
    """All attacks; `budget` is in steps of which 255 lead from black to white.

    An item counts as robust in `worst` where no attack made it wrong. Where `trusted` is false no number of the stage
    means anything, and `checks` say why.
    """

    norm: str
    budget: float
    seed: int
    n: int
    right: int
    accuracy: IntervalJson
    noise: NotRequired[list[NoiseScores]]
    attacks: list[AttackScores]
    worst: RobustShares
    checks: list[CheckJson]
    trusted: bool
