"""A trial that was handed out, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from optuna.trial import Trial


@dataclass(frozen=True)
class ClaimedTrial:
    """A trial that this process may work on.

    Attributes:
        number: of the trial.
        values: by key.
        trial: Optuna's own.
    """

    number: int
    values: Mapping[str, object]
    trial: Trial


@dataclass(frozen=True)
class Outcome:
    """How a trial ended: with a value, pruned, or failed for a reason."""

    state: Literal["complete", "pruned", "failed"]
    value: float | None = None
    reason: str = ""
