"""What the house asks of a task: the shape of its outputs, how a model is trained for it, what becomes of outputs."""
# ruff: noqa: ARG002, ARG003 - what only refuses still takes what the stage gives

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.splits.split import Split
from sightline.errors import UsageError
from sightline.explain.targets import TargetScore
from sightline.inference.collector import Collector
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.network import NormalisedNetwork
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.predictions import Arrays
from sightline.models.outputs import Outputs
from sightline.run.folder import Run, SplitName
from sightline.tasks.objective import Objective
from sightline.tasks.results import (
    AnyPredictions,
    Entrant,
    Explanation,
    MemberMean,
    MethodPredictions,
    PredictionRows,
    Results,
    Shift,
)

TeacherLoss = Callable[[Outputs, Outputs], Tensor]
"""From outputs, and a teacher's outputs for the same images, to the mean loss of following it."""


class Task(Protocol):
    """What a model is for.

    A task that says so (`class Mine(Task)`) may leave out what has a body here: the stage then refuses in one line.

    Attributes:
        name: as in `config.model.task`.
    """

    name: ClassVar[str]

    @classmethod
    def of_split(cls, split: Split) -> Self:
        """The task of a training on these data."""

    @classmethod
    def of_run(cls, run: Run) -> Self:
        """The task that a run was trained for, by its files."""

    @property
    def class_names(self) -> Mapping[str, tuple[str, ...]]:
        """The classes of each target that has classes, by label."""

    @property
    def heads(self) -> Mapping[str, int]:
        """How many values the model gives for each target. With one target its output is a tensor, else a mapping."""

    def objective(self, config: Config, dataset: Dataset, positions: NDArray[np.int64]) -> Objective:
        """What is trained on and tallied.

        Args:
            config: of the run.
            dataset: the data.
            positions: of the items that train.

        Raises:
            UsageError: the configuration asks for what these data do not have.
        """

    def teacher_loss(self, temperature: float) -> TeacherLoss | None:
        """How outputs follow a teacher's, both divided by a temperature; None where no teacher can be followed."""

    def collector(self) -> Collector[AnyPredictions]:
        """How a batch of outputs becomes predictions."""

    @classmethod
    def read_predictions(cls, arrays: Arrays) -> AnyPredictions:
        """Predictions from the arrays that they were stored as."""

    def evaluate(
        self,
        config: Config,
        run: Run,
        split: SplitName,
        predictions: AnyPredictions,
        averaged: AnyPredictions | None,
    ) -> Results:
        """Measure a split: the content of `evaluation.json`.

        Args:
            config: of the command.
            run: whose predictions they are; other tools' predictions have a run, too.
            split: which.
            predictions: of its items.
            averaged: with outputs averaged over the test-time views that were asked for, or None.
        """

    def draw_examples(
        self, config: Config, run: Run, loaded: LoadedRun, split: SplitName, predictions: AnyPredictions
    ) -> None:
        """Write the figures that show images; `predictions` were collected just now."""

    def calibrate(self, config: Config, run: Run, predictions: AnyPredictions, val: AnyPredictions | None) -> Results:
        """Fit probabilities on the calibration split, measured on val: the content of `calibration.json`."""
        raise _undefined(self, "calibration")

    def calibrated(self, network: NormalisedNetwork, run: Run) -> nn.Module:
        """The model as others take it: from images in 0…1 to what the run's calibration makes of the outputs."""
        raise _undefined(self, "a calibrated model")

    def explanation(self, config: Config, run: Run, predictions: AnyPredictions) -> Explanation:
        """What is explained of a split, probabilities calibrated as far as the run is."""
        raise _undefined(self, "an explanation")

    def explained(self, config: Config, outputs: Outputs) -> tuple[Tensor, TargetScore]:
        """What is explained of images without a label: (n, …) a target for each, and what the model says of it."""
        raise _undefined(self, "an explanation")

    def prediction_rows(self, config: Config, run: Run) -> PredictionRows:
        """How answers for single images are written, probabilities calibrated as far as the run is."""
        raise _undefined(self, "prediction")

    @classmethod
    def compare(cls, config: Config, entrants: Sequence[Entrant]) -> Comparison:
        """Compare systems on the same items.

        Args:
            config: of the command.
            entrants: the systems.

        Raises:
            UsageError: their items or classes differ, or their groups contradict each other.
        """
        raise _undefined(cls, "comparison")

    def member_mean(self) -> MemberMean:
        """An empty mean of several members."""
        raise _undefined(self, "uncertainty")

    def compare_methods(
        self, config: Config, run: Run, split: SplitName, methods: Mapping[str, MethodPredictions]
    ) -> Results:
        """Measure several methods on the same split, the plain one first: the content of `uncertainty.json`."""
        raise _undefined(self, "uncertainty")

    def shift(self, config: Config, run: Run, split: SplitName) -> Shift:
        """How the same images of a split are measured under one condition after another."""
        raise _undefined(self, "robustness")


def _undefined(task: Task | type[Task], what: str) -> UsageError:
    return UsageError(f"{what} is not defined for the task {task.name}")
