"""A finished run with its model and its images at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import torch
from torch import nn

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.loaders import EvalLoader
from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.test_time import Views
from sightline.inference.collector import Collector
from sightline.inference.model import load_model, load_preprocessing, load_split
from sightline.inference.predict import eval_loader, predict
from sightline.inference.predictions import Storable, has_predictions, save_predictions, unusable
from sightline.inference.tiles import whole_answers
from sightline.machine.device import pick_device
from sightline.machine.terminal import logger
from sightline.metrics.predictions import Arrays
from sightline.run.folder import Run, SplitName

P = TypeVar("P")
S = TypeVar("S", bound=Storable)
HELD_OUT: tuple[SplitName, ...] = ("val", "calibration", "test")
"""What may be measured, the best last."""


class Predicting(Protocol[S]):
    """What must be known of a task to predict with its model."""

    @property
    def heads(self) -> Mapping[str, int]:
        """How many values the model gives for each target."""

    def collector(self) -> Collector[S]:
        """How its outputs become predictions."""

    @classmethod
    def read_predictions(cls, arrays: Arrays) -> S:
        """Predictions from the arrays that they were stored as."""


@dataclass(frozen=True)
class LoadedRun:
    """A run's model, and the images of its splits.

    Attributes:
        model: in eval mode, on `device`.
        dataset: the images.
        preprocessing: of the images.
        device: where the model runs.
        batch_size: images at once.
    """

    model: nn.Module
    dataset: Dataset
    preprocessing: Preprocessing
    device: torch.device
    batch_size: int

    @classmethod
    def open(cls, run: Run, config: Config, heads: Mapping[str, int], *, test_unlocked: bool = False) -> Self:
        """Decode the images, or find them decoded, and load the best weights.

        Args:
            run: a finished one.
            config: of the command.
            heads: of the model.
            test_unlocked: whether the test items may be read.

        Raises:
            UsageError: an image is gone, or no longer what it was; there are no weights yet, or of another split.
        """
        preprocessing, device = load_preprocessing(run), pick_device(config.device)
        split = load_split(run)
        model = load_model(run, device, heads, split)
        dataset = Dataset.open(
            config, split, preprocessing.reduction, white=preprocessing.white, test_unlocked=test_unlocked
        )
        return cls(model, dataset, preprocessing, device, config.evaluation.batch_size)

    def loader(self, role: SplitName) -> EvalLoader:
        """Batches of a split, in its order."""
        return eval_loader(self.dataset, role, self.preprocessing, self.batch_size, self.device)

    def predict(self, role: SplitName, collector: Collector[P], views: Views = "none") -> P:
        """Predictions of a split; outputs are averaged over views."""
        return predict(whole_answers(self.model, self.preprocessing), self.loader(role), collector, views)


def predict_held_out(run: Run, config: Config, roles: Sequence[SplitName], task: Predicting[S]) -> Dataset | None:
    """Write the predictions of splits whose labels are not locked, where they are not there yet, stale or damaged.

    Returns:
        The run's images, if they were needed.
    """
    if not run.has("split.json"):  # predictions that another tool made are all there is
        return None
    split = load_split(run)
    missing = [role for role in roles if len(split.positions(role)) and must_predict(run, role, task)]
    if not missing:
        return None
    loaded = LoadedRun.open(run, config, task.heads)
    for role in missing:
        save_predictions(run, role, loaded.predict(role, task.collector()))
    return loaded.dataset


def must_predict(run: Run, role: SplitName, task: Predicting[S]) -> bool:
    """Whether a split must be predicted; where what is there cannot be taken, it is said why."""
    if not has_predictions(run, role):
        return True
    reason = unusable(run, role, task.read_predictions)
    if reason:
        logger.warning("%s; it is made anew", reason)
    return bool(reason)


def best_split(run: Run) -> SplitName:
    """The best split there is to measure."""
    if run.has("split.json"):
        split = load_split(run)
        return [role for role in HELD_OUT if len(split.positions(role))][-1]
    return [role for role in HELD_OUT if has_predictions(run, role)][-1]
