"""What is compared: runs that differ by their seed alone, and folders of predictions that other tools made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from statistics import mean
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sightline.data.splits.split import Split
from sightline.inference.predictions import load_predictions, predictions_file
from sightline.machine.terminal import logger
from sightline.metrics.catalogue import HEADLINES
from sightline.metrics.documents.comparison import SystemCosts
from sightline.metrics.predictions import Arrays
from sightline.run.external.folder import files_of, read_file
from sightline.run.external.prediction_file import PredictionFile
from sightline.run.folder import Run
from sightline.run.ledger import LabelUse
from sightline.run.origin import check_current, load_current

P = TypeVar("P")
Curve = list[tuple[float, float]]
PURPOSE = "compare with other runs"


class System(Protocol):
    """One system of a comparison."""

    @property
    def name(self) -> str:
        """What it is called."""

    def predictions(self, read: Callable[[Arrays], P]) -> tuple[P, ...]:
        """On the test split, one set for each member.

        Args:
            read: from stored arrays to the predictions of the task.
        """

    def files(self) -> list[Path]:
        """Where its predictions are."""

    def uses(self) -> list[LabelUse]:
        """For the ledger of each run: that its predictions were compared."""

    def groups(self, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
        """The group of each item of the test split, where it knows of any."""

    def class_names(self) -> tuple[str, ...] | None:
        """In the order of the logits; None where they have no names."""

    def notes(self) -> tuple[str, ...]:
        """What a reader must know of how its predictions were read."""

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
                found.append(load_predictions(run, "test", PURPOSE, read))
        return tuple(found)

    def files(self) -> list[Path]:
        """Of each run."""
        return [run.path / predictions_file("test") for run in self.runs]

    def uses(self) -> list[LabelUse]:
        """One of each run, about its predictions as they are stored."""
        return [LabelUse(run, PURPOSE, [run.load_arrays(predictions_file("test"))]) for run in self.runs]

    def groups(self, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
        """As the split of the first run has them."""
        return Split.from_json(self.runs[0].load_json("split.json")).groups_of(ids.tolist())

    def class_names(self) -> tuple[str, ...] | None:
        """As the first run stored them."""
        from sightline.inference.model import class_names_of  # it imports torch, and help passes through this file

        return tuple(class_names_of(self.runs[0])) or None

    def notes(self) -> tuple[str, ...]:
        """They are as the runs wrote them."""
        return ()

    def costs(self) -> SystemCosts:
        """Cost of the model as measured by `evaluate`, and the seconds of training, mean over the runs."""
        costs = [load_current(run, "cost.json") if run.has("cost.json") else {} for run in self.runs]

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
            "runs": [short_name(run) for run in self.runs],
        }

    def curves(self) -> list[Curve]:
        """Seconds up to the end of each epoch, and the accuracy there; where there are masks alone, the mean IoU."""
        found = []
        for run in self.runs:
            epochs = [row for row in run.rows("metrics.jsonl") if row["kind"] == "epoch"]
            seconds = accumulate(row["seconds"] for row in epochs)
            name = curve_metric(epochs[0])
            found.append([(end, row[f"val_{name}"]) for end, row in zip(seconds, epochs, strict=True)])
        return found


def curve_metric(epoch: Mapping[str, object]) -> str:
    """What the curves of a run are of: the first of the headlines that its epochs hold."""
    return next(name for name in HEADLINES if f"val_{name}" in epoch)


@dataclass(frozen=True)
class ValRuns(TrainedRuns):
    """The same on the validation split, whose labels are not locked."""

    def predictions(self, read: Callable[[Arrays], P]) -> tuple[P, ...]:
        """Read `predictions/val.npz` of each run."""
        return tuple(load_predictions(run, "val", PURPOSE, read) for run in self.runs)

    def files(self) -> list[Path]:
        """Of each run."""
        return [run.path / predictions_file("val") for run in self.runs]

    def uses(self) -> list[LabelUse]:
        """There is nothing to note."""
        return []


@dataclass(frozen=True)
class ExternalPredictions:
    """A folder of predictions that another tool made."""

    name: str
    folder: Path

    @cached_property
    def _file(self) -> PredictionFile:
        _check_folder(self.folder)
        file = read_file(self.folder, "test")
        for note in file.notes:
            logger.warning("%s: %s", self.name, note)
        return file

    def predictions(self, read: Callable[[Arrays], P]) -> tuple[P, ...]:
        """Read `test.npz` or `test.csv`."""
        return (read(self._file.predictions.to_arrays()),)

    @property
    def of_masks(self) -> bool:
        """Whether they say a class of every pixel."""
        return self._file.of_masks

    def files(self) -> list[Path]:
        """What is read."""
        return files_of(self.folder, "test")

    def uses(self) -> list[LabelUse]:
        """A folder has no ledger."""
        return []

    def groups(self, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
        """As the file has them."""
        if self._file.groups is None:
            return None
        group = dict(zip(self._file.predictions.ids.tolist(), self._file.groups.tolist(), strict=True))
        return np.array([group[name] for name in ids.tolist()])

    def class_names(self) -> tuple[str, ...] | None:
        """As the file has them."""
        return self._file.class_names

    def notes(self) -> tuple[str, ...]:
        """As the file was read."""
        return self._file.notes

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


def _check_folder(folder: Path) -> None:
    """Refuse predictions within a run, such as those of `uncertainty/dropout`, that were made from other weights.

    Raises:
        UsageError: they were.
    """
    path = files_of(folder, "test")[0].resolve()
    for parent in path.parents:
        if (parent / "config.yaml").is_file():
            check_current(Run(parent), path.relative_to(parent).as_posix())
            return


def short_name(run: Run) -> str:
    """The end of a run's path that people name it by."""
    return f"{run.path.parent.name}/{run.path.name}"
