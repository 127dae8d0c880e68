"""Keys that a command does not use: its mode reads or writes nothing there, or its model predicts no such thing."""

from collections.abc import Iterable, Sequence

from sightline.commands.command import Command
from sightline.config.overrides import keys_of
from sightline.config.schema import Config
from sightline.config.targets import problem_of_idle, problem_of_overrides
from sightline.errors import UsageError


def refuse_unused(command: Command) -> None:
    """Refuse `input=` and `output=` where nothing is read from there or written to there, and keys of other tasks.

    Raises:
        UsageError: one of them was given.
    """
    mode, stage = command.config.mode, command.config.mode.first
    given = keys_of(command.overrides)
    own_model = stage.needs == "new run" and command.config.variants is None
    if own_model:
        config, overrides = command.config, command.overrides
        if problem := problem_of_overrides(config, overrides) or problem_of_idle(config, overrides):
            raise UsageError(problem)
    if "input" in given and not stage.takes_input:
        raise UsageError(
            f"input is for predict, explain and drift; mode={mode.name} does not read it{_instead(stage.needs)}"
        )
    if "output" in given and not (stage.takes_output or command.config.predictions is not None):
        raise UsageError(
            f"output is for predict, explain, drift, report, compare and predictions=; mode={mode.name} writes into "
            "its run, which lies under runs_dir"
        )


def refuse_unused_by_all(overrides: Iterable[str], configs: Sequence[Config]) -> None:
    """Refuse keys that are of no use to any of several trainings.

    Args:
        overrides: what was typed for all of them.
        configs: of each.

    Raises:
        UsageError: one of them was given.
    """
    for override in overrides:
        problems = [problem_of_overrides(config, [override]) for config in configs]
        if problems and all(problems):
            raise UsageError(problems[0])


def _instead(needs: str) -> str:
    return ": its images are data=DIR" if needs in {"new run", "search"} else ""
