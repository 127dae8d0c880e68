"""Who takes part in a comparison: the members of a study, runs that differ by their seed, folders of predictions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from statistics import mean
from typing import Any, Protocol, TypeVar

import numpy as np
import yaml
from numpy.typing import NDArray

from sightline.config.flatten import flatten
from sightline.config.groups import FIXED_BY_TRAINING
from sightline.data.splits.split import Split
from sightline.errors import UsageError
from sightline.inference.predictions import load_predictions
from sightline.metrics.catalogue import HEADLINES
from sightline.metrics.documents.comparison import SystemCosts
from sightline.metrics.predictions import Arrays
from sightline.run.external import holds_predictions, read_predictions
from sightline.run.folder import Run

P = TypeVar("P")
MEMBERS = "members.jsonl"
"""The file of a study that says which runs belong to it."""
Curve = list[tuple[float, float]]


class System(Protocol):
    """One system of a comparison."""

    @property
    def name(self) -> str:
        """What it is called."""

    def predictions(self, read: Callable[[Arrays], P]) -> tuple[P, ...]:
        """On the test split, one set for each member; the reading goes into the ledger of each run.

        Args:
            read: from stored arrays to the predictions of the task.
        """

    def groups(self, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
        """The group of each item, where there are any."""

    def costs(self) -> SystemCosts:
        """What it cost, and the runs it stands for."""

    def curves(self) -> list[Curve]:
        """How each member's accuracy on the validation split rose with the seconds of training."""


@dataclass(frozen=True)
class TrainedRuns:
    """Runs of one configuration, one a seed."""

    name: str
    runs: tuple[Run, ...]

    def predictions(self, read: Callable[[Arrays], P]) -> tuple[P, ...]:
        """Read `predictions/test.npz` of each run, through the test lock."""
        found = []
        for run in self.runs:
            with run.entering("compare"):
                found.append(load_predictions(run, "test", "compare with other runs", read))
        return tuple(found)

    def groups(self, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
        """As the split of the first run has them."""
        return Split.from_json(self.runs[0].load_json("split.json")).groups_of(ids.tolist())

    def costs(self) -> SystemCosts:
        """Cost of the model as measured by `evaluate`, and the seconds of training, mean over the runs."""
        costs = [run.load_json("cost.json") if run.has("cost.json") else {} for run in self.runs]

        def average(key: str) -> float | None:
            known = [cost[key] for cost in costs if cost.get(key) is not None]
            return mean(known) if known else None

        return {
            "parameters": average("parameters"),
            "trained_parameters": average("trained_parameters"),
            "flops": average("flops"),
            "latency_ms": average("latency_ms"),
            "images_per_second": average("images_per_second"),
            "training_seconds": mean(curve[-1][0] for curve in self.curves()),
            "runs": [f"{run.path.parent.name}/{run.path.name}" for run in self.runs],
        }

    def curves(self) -> list[Curve]:
        """Seconds up to the end of each epoch, and the accuracy there."""
        found = []
        for run in self.runs:
            epochs = [row for row in run.rows("metrics.jsonl") if row["kind"] == "epoch"]
            seconds = accumulate(row["seconds"] for row in epochs)
            found.append([(end, row[f"val_{HEADLINES[0]}"]) for end, row in zip(seconds, epochs, strict=True)])
        return found


@dataclass(frozen=True)
class ExternalPredictions:
    """A folder of predictions that another tool made."""

    name: str
    folder: Path

    def predictions(self, read: Callable[[Arrays], P]) -> tuple[P, ...]:
        """Read `test.npz` or `test.csv`."""
        return (read(read_predictions(self.folder, "test").to_arrays()),)

    def groups(self, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:  # noqa: ARG002 - one shape for all
        """Not known."""
        return None

    def costs(self) -> SystemCosts:
        """The folder."""
        return {
            "parameters": None,
            "trained_parameters": None,
            "flops": None,
            "latency_ms": None,
            "images_per_second": None,
            "training_seconds": None,
            "runs": [self.folder.name],
        }

    def curves(self) -> list[Curve]:
        """Not known."""
        return []


def seconds_to_common_accuracy(systems: Sequence[System]) -> tuple[float | None, list[float | None]]:
    """The accuracy on the validation split that all reach, and the mean seconds that each takes to it.

    That accuracy is the lowest of all members' best ones; a system without curves has no time.
    """
    curves = [system.curves() for system in systems]
    best = [max(accuracy for _, accuracy in curve) for members in curves for curve in members]
    if not best:
        return None, [None] * len(systems)
    target, found = min(best), []
    for members in curves:
        times = [next(end for end, accuracy in curve if accuracy >= target) for curve in members]
        found.append(mean(times) if times else None)
    return target, found


def find_systems(names: Sequence[str], runs_dir: Path) -> list[System]:
    """Find what is to be compared: a study brings all its variants, runs of one configuration become one system.

    Raises:
        UsageError: a name is no run, study or folder of predictions; a run is named twice; a study has not ended.
    """
    found: list[System] = []
    single: list[Run] = []
    for name in names:
        folder = next((path for path in (Path(name), runs_dir / name) if holds_predictions(path)), None)
        if folder is not None:
            found.append(ExternalPredictions(name, folder))
            continue
        run = Run.open(name, runs_dir)
        if run.has(MEMBERS):
            found += _of_study(run)
        else:
            single.append(run)
    return [*found, *_by_configuration(single)]


def _of_study(run: Run) -> list[System]:
    """The variants of a study, in the order in which they were begun."""
    rows = run.rows(MEMBERS)
    ended = {(row["variant"], row["seed"]) for row in rows if row["state"] == "finished"}
    if waiting := [row for row in rows if (row["variant"], row["seed"]) not in ended]:
        raise UsageError(f"{run.path} has not ended: {waiting[0]['variant']}, seed {waiting[0]['seed']} is missing")
    folders: dict[str, dict[int, str]] = {}
    for row in rows:
        folders.setdefault(row["variant"], {})[row["seed"]] = row["run"]
    return [
        TrainedRuns(name, tuple(Run.open(str((run.path / folder).resolve()), run.path) for folder in by_seed.values()))
        for name, by_seed in folders.items()
    ]


def _by_configuration(runs: Sequence[Run]) -> list[System]:
    """Runs of the same configuration and code together, called after what sets them apart from the others."""
    together: dict[tuple[str, str], dict[int, Run]] = {}
    for run in runs:
        facts, settings = run.load_json("provenance.json"), _settings(run)
        members = together.setdefault((facts["config_hash"], (facts.get("git") or {}).get("commit", "")), {})
        if (before := members.get(settings["seed"])) is not None:
            raise UsageError(f"{before.path} and {run.path} are the same training with the same seed; name one of them")
        members[settings["seed"]] = run
    firsts = [next(iter(members.values())) for members in together.values()]
    names = _distinct_names([_settings(run) for run in firsts], [f"{r.path.parent.name}/{r.path.name}" for r in firsts])
    return [TrainedRuns(name, tuple(members.values())) for name, members in zip(names, together.values(), strict=True)]


def _settings(run: Run) -> dict[str, Any]:
    """The dotted keys of what training fixed."""
    content = yaml.safe_load((run.path / "config.yaml").read_text())
    return flatten({key: content[key] for key in FIXED_BY_TRAINING})


def _distinct_names(settings: Sequence[Mapping[str, Any]], fallback: Sequence[str], most: int = 4) -> list[str]:
    """The fewest settings that set all apart, groups first: `model=resnet`, `optimizer.lr=0.1`."""
    keys = {key: None for one in settings for key in one}
    different = [key for key in keys if key != "seed" and len({repr(one.get(key)) for one in settings}) > 1]
    different.sort(key=lambda key: not key.endswith(".name"))
    for count in range(1, most + 1):
        labels = [" ".join(f"{k.removesuffix('.name')}={one.get(k)}" for k in different[:count]) for one in settings]
        if different and len(set(labels)) == len(labels):
            return labels
    return list(fallback)
