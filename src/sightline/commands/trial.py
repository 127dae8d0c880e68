"""One trial of a sweep: a configuration, a run of its own, its training, and how that ended."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from sightline.commands.new_run import Compose, create_run
from sightline.commands.pipeline import run_stages
from sightline.config import parse
from sightline.config.groups import COMMAND_KEYS
from sightline.config.overrides import keys_of, root_of, without_keys
from sightline.config.schema import Config
from sightline.errors import PrunedError, SightlineError
from sightline.machine.memory import release
from sightline.machine.terminal import log_to
from sightline.run.folder import Run
from sightline.sweep.claims import StorageLostError
from sightline.sweep.search import Claimed, Outcome, Search
from sightline.sweep.space import overrides as as_overrides
from sightline.tracking import PARENT

INHERITED = ("split.json", "validation.json")
"""What the data gate wrote for all trials."""
BEST = "best.yaml"
"""The file of a sweep that `recipe=` takes."""
OWN = ("mode", "run", "sweep")
"""Keys of the command that are not about its trials."""


@dataclass(frozen=True)
class Task:
    """What every trial starts from.

    Attributes:
        overrides: of every trial: those of the search, then those that were typed.
        arguments: as typed, for the record.
        metric: that trials are judged by.
        compose: from overrides to a configuration.
        folder: of the sweep.
    """

    overrides: tuple[str, ...]
    arguments: tuple[str, ...]
    metric: str
    compose: Compose
    folder: Path = Path()

    @classmethod
    def of(cls, config: Config, overrides: Sequence[str], arguments: Sequence[str], compose: Compose) -> "Task":
        """The task of a command; what was typed wins over the overrides of the search."""
        typed = [override for override in overrides if root_of(override) not in OWN]
        fixed = without_keys(config.sweep.overrides, keys_of(typed))
        metric = config.sweep.metric
        return cls((*fixed, *typed, f"training.monitor={metric}"), tuple(arguments), metric, compose)

    def at(self, folder: Path) -> "Task":
        """The same in a folder."""
        return replace(self, folder=folder)

    def without(self, values: Sequence[str]) -> list[str]:
        """The overrides of every trial but those of the same keys."""
        return without_keys(self.overrides, keys_of(values))

    def composed(self, values: Mapping[str, Any], seed: int | None = None) -> dict[str, Any]:
        """The configuration with these values, as plain ones."""
        own = as_overrides(values) + ([] if seed is None else [f"seed={seed}"])
        return self.compose([*self.without(own), *own])

    def configuration(self, values: Mapping[str, Any], seed: int | None = None) -> Config:
        """The configuration with these values.

        Raises:
            UsageError: they do not go together.
        """
        return parse.parse(self.composed(values, seed))

    def recipe(self, values: Mapping[str, Any], name: str, about: str) -> str:
        """A configuration as YAML that `recipe=FILE` takes."""
        own = as_overrides(values)
        kept = without_keys(self.without(own), COMMAND_KEYS)
        content = yaml.safe_dump({"overrides": [*kept, *own]}, sort_keys=False, allow_unicode=True)
        return f"# bash run.sh train recipe={self.folder / BEST}\n# The best of sweep {name}: {about}.\n{content}"

    def child(self, folder: Path, config: Config) -> Run:
        """The run in this folder: as it is, or new, with the data as the sweep found them."""
        there = (folder / "config.yaml").is_file()
        run = Run(folder.resolve()) if there else create_run(config, "", self.arguments, str(folder))
        for name in INHERITED:
            if not run.has(name):
                run.save_bytes(name, (self.folder / name).read_bytes())
        run.save_json(PARENT, {"run": "../.."})
        return run

    def train(self, run: Run, config: Config, name: str = "train") -> dict[str, float]:
        """Train, from wherever the run stands, in a mode of this name, and return the row of the best epoch."""
        mode = config.mode.model_copy(update={"name": name, "stages": ("train",)})
        tracking = config.tracking.model_copy(update={"log_model": False, "registered_model_name": None})
        with log_to(run.file("log.txt")):
            return run_stages(config.model_copy(update={"mode": mode, "tracking": tracking}), run)["train"]

    def place(self, number: int) -> Path:
        """The folder of a trial."""
        return self.folder / "trials" / f"{number:04d}"


def tidy(task: Task, number: int) -> None:
    """Let go of what only going on with an ended trial would need."""
    let_go(Run(task.place(number)))


def let_go(run: Run) -> None:
    """Remove the checkpoints that a training goes on from; the best one stays."""
    for name in ("last", "previous"):
        run.remove(f"checkpoints/{name}.pt")


def go_through(task: Task, search: Search, claimed: Claimed) -> Outcome:
    """Work on a trial until it ends, is pruned, or fails."""
    try:
        config = task.configuration(claimed.values)
        run = task.child(task.place(claimed.number), config)
        search.note(claimed, run=str(run.path))

        def listen(row: Mapping[str, Any]) -> None:
            if row["kind"] == "epoch":
                epochs = int(row["epoch"]) + 1
                search.report(claimed, epochs, row[task.metric], last=epochs == config.training.epochs)

        run.listeners.append(listen)
        value = task.train(run, config, "trial")[task.metric]
        if not math.isfinite(value):
            return Outcome("failed", reason=f"{task.metric} is {value} in the best epoch")
        return Outcome("complete", value)
    except PrunedError:
        return Outcome("pruned")
    except StorageLostError:
        raise
    except SightlineError as error:
        release()
        return Outcome("failed", reason=str(error))
