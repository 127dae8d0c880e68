"""One label an image, as a task."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.splits.split import Split
from sightline.inference.model import class_names_of
from sightline.run.folder import Run
from sightline.tasks.classification.losses import soft_target_loss, training_loss
from sightline.tasks.classification.objective import LABEL, ClassificationObjective
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

    def objective(self, config: Config, targets: Mapping[str, NDArray[Any]]) -> ClassificationObjective:
        """Cross-entropy as configured, with weights and shifts from the numbers of training images of each class."""
        classes = len(self.names)
        counts = np.bincount(targets[LABEL], minlength=classes)
        loss = training_loss(config.imbalance, config.training.label_smoothing, counts)
        return ClassificationObjective(classes, loss)

    def teacher_loss(self, temperature: float) -> TeacherLoss:
        """The divergence from the teacher's softened probabilities."""
        return partial(soft_target_loss, temperature=temperature)
