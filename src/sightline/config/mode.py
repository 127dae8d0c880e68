"""What a command does."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sightline.config.base import Frozen
from sightline.config.stages import STAGES, Stage

if TYPE_CHECKING:
    StageName = str
else:
    StageName = Literal[*STAGES]  # so a name that the table lacks is refused like any other wrong value


class ModeConfig(Frozen):
    """What the command does: the stages it runs, in order."""

    name: str
    stages: Annotated[tuple[StageName, ...], Field(min_length=1)]

    @property
    def first(self) -> Stage:
        """The stage that it begins with, which decides what the command is about."""
        return STAGES[self.stages[0]]
