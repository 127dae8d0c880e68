"""What a command does."""

from typing import Annotated, Literal

from pydantic import Field

from sightline.config.base import Frozen

Stage = Literal[
    "validate", "train", "evaluate", "calibrate", "explain", "report", "predict", "compare", "uncertainty", "sweep"
]


class ModeConfig(Frozen):
    """What the command does: the stages it runs, in order."""

    name: str
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
