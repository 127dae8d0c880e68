"""The batches that a training sees, and the module that takes them."""

from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Protocol

from torch import nn

from sightline.data.batch import Batch
from sightline.training.setup import Training
from sightline.training.state import Progress


class BatchStream(Protocol):
    """Where the loop's batches come from. Extras wrap one, so that the loop knows nothing of them."""

    def batches(self, progress: Progress) -> Generator[Batch, None, None]:
        """Those of all steps from `progress.step` on; the loop moves `progress` on between two of them."""

    def module(self, epoch: int) -> nn.Module:
        """What takes the batches of an epoch and trains: the model, or a part of it."""

    def evaluation(self, epoch: int) -> tuple[nn.Module, Iterable[Batch]]:
        """What is evaluated after an epoch, and the val split as it takes it."""


class ImageStream:
    """The images of the loaders, for the whole model."""

    def __init__(self, training: Training) -> None:
        self._training = training

    def batches(self, progress: Progress) -> Generator[Batch, None, None]:
        """Those of the train loader."""
        total = self._training.total_steps
        with closing(self._training.train.batches(progress.step, total, total)) as batches:
            yield from batches

    def module(self, epoch: int) -> nn.Module:  # noqa: ARG002 - one shape for all
        """The model."""
        return self._training.model

    def evaluation(self, epoch: int) -> tuple[nn.Module, Iterable[Batch]]:  # noqa: ARG002 - one shape for all
        """The weights that are kept, and the val loader."""
        return self._training.eval_model, self._training.val
