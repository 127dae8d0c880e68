"""One trial of a sweep: a configuration, a run of its own, its training, and how that ended."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from sightline.commands.command import Command, Compose
from sightline.commands.new_run import create_run
from sightline.commands.pipeline import run_stages
from sightline.commands.writing import writing
from sightline.config import parse
from sightline.config.fitted import as_formerly
from sightline.config.groups import COMMAND_KEYS
from sightline.config.overrides import as_overrides, keys_of, root_of, without_keys
from sightline.config.schema import Config
from sightline.errors import DiskError, PrunedError, SightlineError
from sightline.machine.memory import release
from sightline.run.folder import Run
from sightline.run.records import MetricsRow
from sightline.sweep.locks import StorageLostError
from sightline.sweep.search import Search
from sightline.sweep.trials import ClaimedTrial, Outcome
from sightline.tracking import PARENT

SHARED_FILES = ("split.json", "validation.json", "duplicates.csv")
"""What the data gate wrote for all trials; the table of copies is missing in sweeps of before there was one."""
BEST_RECIPE = "best.yaml"
"""The file of a sweep that `recipe=` takes."""
PATIENCE = 60.0
"""Seconds that a trial waits for whoever wrote its folder before: one that lost the storage stops at its next epoch."""
SWEEP_KEYS = ("mode", "run", "sweep")
"""Keys of the command that are not about its trials."""


@dataclass(frozen=True)
class TrialTemplate:
    """What every trial starts from.

    Attributes:
        overrides: of every trial: those of the search, then those that were typed.
        arguments: as typed, for the record.
        metric: that trials are judged by.
        compose: from overrides to a configuration.
        folder: of the sweep.
        former: whether a version without the rule began it, whose numbers go on.
    """

    overrides: tuple[str, ...]
    arguments: tuple[str, ...]
    metric: str
    compose: Compose
    folder: Path = Path()
    former: bool = False

    @classmethod
    def from_command(cls, command: Command) -> "TrialTemplate":
        """What a command says of its trials; what was typed wins over the overrides of the search."""
        search = command.config.sweep
        typed = [override for override in command.overrides if root_of(override) not in SWEEP_KEYS]
        of_search = without_keys(search.overrides, keys_of(typed))
        overrides = (*of_search, *typed, f"training.monitor={search.metric}")
        return cls(overrides, tuple(command.arguments), search.metric, command.compose)

    def in_folder(self, folder: Path) -> "TrialTemplate":
        """The same in the folder of a sweep."""
        return replace(self, folder=folder)

    def trial_folder(self, number: int) -> Path:
        """The folder of a trial."""
        return self.folder / "trials" / f"{number:04d}"

    def compose_with(self, own: Sequence[str]) -> dict[str, object]:
        """The configuration of every trial with overrides of its own, as plain values."""
        return self.compose([*without_keys(self.overrides, keys_of(own)), *own])

    def config_with(self, values: Mapping[str, object], seed: int | None = None) -> Config:
        """The configuration with values of the space.

        Raises:
            UsageError: they do not go together.
        """
        own = as_overrides(values)
        config = parse.parse(self.compose_with(own if seed is None else [*own, f"seed={seed}"]))
        return as_formerly(config) if self.former else config

    def recipe(self, values: Mapping[str, object], name: str, about: str) -> str:
        """The configuration with values of the space, as YAML that `recipe=FILE` takes."""
        own = as_overrides(values)
        shared = without_keys(self.overrides, {*keys_of(own), *COMMAND_KEYS})
        content = yaml.safe_dump({"overrides": [*shared, *own]}, sort_keys=False, allow_unicode=True)
        command = f"bash run.sh train recipe={self.folder / BEST_RECIPE}"
        return f"# {command}\n# The best of sweep {name}: {about}.\n{content}"

    def open_run(self, folder: Path, config: Config) -> Run:
        """The run in this folder: as it is, or new, with the data as the sweep found them."""
        is_there = (folder / "config.yaml").is_file()
        run = Run(folder.resolve()) if is_there else create_run(config, "", self.arguments, folder)
        for name in SHARED_FILES:
            if not run.has(name) and (self.folder / name).is_file():
                run.save_bytes(name, (self.folder / name).read_bytes())
        run.save_json(PARENT, {"run": "../.."})
        return run

    def train(self, run: Run, config: Config, mode: str = "train") -> float:
        """Train, from wherever the run stands, in a mode of this name; the metric in the best epoch."""
        training = config.mode.model_copy(update={"name": mode, "stages": ("train",)})
        tracking = config.tracking.model_copy(update={"log_model": False, "registered_model_name": None})
        with writing(run, self.arguments, PATIENCE):
            found = run_stages(config.model_copy(update={"mode": training, "tracking": tracking}), run)
        return found["train"][self.metric]


def run_trial(template: TrialTemplate, search: Search, claimed: ClaimedTrial) -> Outcome:
    """Work on a trial until it ends, is pruned, or fails."""
    metric = template.metric
    try:
        config = template.config_with(claimed.values)
        run = template.open_run(template.trial_folder(claimed.number), config)
        search.note(claimed, run=str(run.path))

        def report(row: MetricsRow) -> None:
            if row["kind"] == "epoch":
                epochs = int(row["epoch"]) + 1
                search.report(claimed, epochs, float(row[metric]), last=epochs == config.training.epochs)

        run.listeners.append(report)
        value = template.train(run, config, "trial")
        if not math.isfinite(value):
            return Outcome("failed", reason=f"{metric} is {value} in the best epoch")
        return Outcome("complete", value)
    except PrunedError:
        return Outcome("pruned")
    except (StorageLostError, DiskError):  # no fault of the trial, which goes on later
        raise
    except SightlineError as error:
        release()
        return Outcome("failed", reason=str(error))


def remove_trial_checkpoints(template: TrialTemplate, number: int) -> None:
    """Remove what only going on with an ended trial would need."""
    remove_resume_checkpoints(Run(template.trial_folder(number)))


def remove_resume_checkpoints(run: Run) -> None:
    """Remove the checkpoints that a training goes on from; the best one stays."""
    for name in ("last", "previous"):
        run.remove(f"checkpoints/{name}.pt")
