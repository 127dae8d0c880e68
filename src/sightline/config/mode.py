"""What a command does."""

from typing import Annotated

from pydantic import Field

from sightline.config.base import Frozen, OneOf
from sightline.config.stages import STAGES, Stage

StageName = Annotated[str, OneOf(tuple(STAGES))]


class ModeConfig(Frozen):
    """What the command does: the stages it runs, in order."""

    name: str
    stages: Annotated[tuple[StageName, ...], Field(min_length=1)]

    @property
    def first(self) -> Stage:
        """The stage that it begins with, which decides what the command is about."""
        return STAGES[self.stages[0]]
