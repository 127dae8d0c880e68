"""Keys that say where a command reads or writes, and that its mode does not use."""

from sightline.commands.command import Command
from sightline.config.overrides import keys_of
from sightline.errors import UsageError


def refuse_unused(command: Command) -> None:
    """Refuse `input=` and `output=` where nothing would be read from there or written to there.

    Raises:
        UsageError: one of them was given.
    """
    mode, stage = command.config.mode, command.config.mode.first
    given = keys_of(command.overrides)
    if "input" in given and not stage.takes_input:
        raise UsageError(f"input is for predict and explain; mode={mode.name} does not read it{_instead(stage.needs)}")
    if "output" in given and not (stage.takes_output or command.config.predictions is not None):
        raise UsageError(
            f"output is for predict, explain, report, compare and predictions=; mode={mode.name} writes into its run, "
            "which lies under runs_dir"
        )


def _instead(needs: str) -> str:
    return ": its images are data=DIR" if needs in {"new run", "search"} else ""
