"""What the house asks of a task: the shape of its outputs, and how a model is trained for it."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import Config
from sightline.data.splits.split import Split
from sightline.models.outputs import Outputs
from sightline.run.folder import Run
from sightline.tasks.objective import Objective

TeacherLoss = Callable[[Outputs, Outputs], Tensor]
"""From outputs, and a teacher's outputs for the same images, to the mean loss of following it."""


class Task(Protocol):
    """What a model is for.

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

    def objective(self, config: Config, split: Split, positions: NDArray[np.int64]) -> Objective:
        """What is trained on and tallied.

        Args:
            config: of the run.
            split: the data.
            positions: of the items that train.
        """

    def teacher_loss(self, temperature: float) -> TeacherLoss | None:
        """How outputs follow a teacher's, both divided by a temperature; None where no teacher can be followed."""
