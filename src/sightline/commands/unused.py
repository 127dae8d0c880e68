"""Keys that a command does not use: its mode reads or writes nothing there, or its model predicts no such thing."""

from sightline.commands.command import Command
from sightline.config.overrides import keys_of
from sightline.config.targets import problem_of_overrides
from sightline.errors import UsageError


def refuse_unused(command: Command) -> None:
    """Refuse `input=` and `output=` where nothing is read from there or written to there, and keys of other tasks.

    Raises:
        UsageError: one of them was given.
    """
    mode, stage = command.config.mode, command.config.mode.first
    given = keys_of(command.overrides)
    own_model = stage.needs in {"new run", "search"} and command.config.variants is None
    if own_model and (problem := problem_of_overrides(command.config, command.overrides)):
        raise UsageError(problem)
    if "input" in given and not stage.takes_input:
        raise UsageError(f"input is for predict and explain; mode={mode.name} does not read it{_instead(stage.needs)}")
    if "output" in given and not (stage.takes_output or command.config.predictions is not None):
        raise UsageError(
            f"output is for predict, explain, report, compare and predictions=; mode={mode.name} writes into its run, "
            "which lies under runs_dir"
        )


def _instead(needs: str) -> str:
    return ": its images are data=DIR" if needs in {"new run", "search"} else ""
