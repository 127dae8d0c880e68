"""What stands in the files of a run that more than one room reads or writes."""

from collections.abc import Mapping
from typing import Literal, TypedDict

MetricsRow = Mapping[str, str | float]
"""A row of `metrics.jsonl`: its kind, `epoch` or `step`, and numbers by name."""


class MemberRow(TypedDict):
    """A row of a study's `members.jsonl`: a training that has begun or ended, and its folder beside the study's."""

    variant: str
    seed: int
    run: str
    state: Literal["begun", "finished"]
