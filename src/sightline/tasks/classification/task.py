"""One label an image, as a task."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.splits.split import Split
from sightline.data.targets import LABEL, only_class
from sightline.inference.model import class_names_of
from sightline.run.folder import Run
from sightline.tasks.classification.losses import soft_target_loss, training_loss
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.tasks.task import TeacherLoss


@dataclass(frozen=True)
class Classification:
    """One label an image.

    Attributes:
        names: of the classes, by label.
    """

    name: ClassVar[str] = "classification"
    names: tuple[str, ...]

    @classmethod
    def of_split(cls, split: Split) -> Self:
        """With the classes of the data."""
        return cls(split.class_names)

    @classmethod
    def of_run(cls, run: Run) -> Self:
        """With the classes that the run stored."""
        return cls(tuple(class_names_of(run)))

    @property
    def class_names(self) -> dict[str, tuple[str, ...]]:
        """Of the one target."""
        return {LABEL: self.names}

    @property
    def heads(self) -> dict[str, int]:
        """A logit for each class."""
        return {LABEL: len(self.names)}

    def objective(self, config: Config, split: Split, positions: NDArray[np.int64]) -> ClassificationObjective:
        """Cross-entropy as configured, with weights and shifts from the numbers of training images of each class."""
        counts = only_class(split.targets).counts(positions)
        loss = training_loss(config.imbalance, config.training.label_smoothing, counts)
        return ClassificationObjective(len(self.names), loss)

    def teacher_loss(self, temperature: float) -> TeacherLoss:
        """The divergence from the teacher's softened probabilities."""
        return partial(soft_target_loss, temperature=temperature)
