"""A finished run with the configuration of a later command, and as a model for Python."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.commands.command import Compose
from sightline.config import parse, stored
from sightline.config.schema import Config
from sightline.run.folder import Run

if TYPE_CHECKING:
    from sightline.tasks.answers import Model


def load_model(
    compose: Compose, run: str | PathLike[str], overrides: Sequence[str], runs_dir: str | PathLike[str]
) -> "Model":
    """What `predict` answers with; see `sightline.load`."""
    from sightline.tasks.table import model_of_run  # it imports torch

    opened = Run.open(str(run), Path(runs_dir))
    config = parse.parse(compose(["mode=predict", *overrides]))
    return model_of_run(with_stored(opened, config, overrides), opened)


def with_stored(run: Run, config: Config, overrides: Sequence[str]) -> Config:
    """The configuration of a later command on a run: what it was trained with, and what the command may change.

    Args:
        run: a finished one.
        config: of the command alone.
        overrides: as typed.

    Raises:
        UsageError: an override is about something that training fixed.
    """
    now = config.model_dump(mode="json")
    before = parse.read(run.path / "config.yaml", now).model_dump(mode="json")
    return parse.parse(stored.with_overrides(before, now, overrides))
