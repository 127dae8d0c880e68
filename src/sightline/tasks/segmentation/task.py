"""A class for every pixel, as a task."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.splits.split import Split
from sightline.data.targets import MASK, MaskHashes
from sightline.errors import UsageError
from sightline.explain.targets import TargetScore
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.masks import MaskCollector
from sightline.inference.model import CALIBRATION, class_names_of, load_preprocessing, load_split, temperature_of
from sightline.inference.network import CalibratedSegmenter, NormalisedNetwork
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.predictions import Arrays
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.models.outputs import Outputs, only_tensor
from sightline.run.folder import Run, SplitName
from sightline.run.origin import load_current
from sightline.tasks.class_weights import class_weights
from sightline.tasks.known import check_known
from sightline.tasks.results import Entrant
from sightline.tasks.segmentation.calibration import MaskCalibrationResults, calibrate
from sightline.tasks.segmentation.distillation import follow_pixels
from sightline.tasks.segmentation.evaluation import MaskResults, evaluate
from sightline.tasks.segmentation.examples import draw_masks
from sightline.tasks.segmentation.explanation import (
    MaskExplanation,
    chosen_class,
    class_of_mask,
    explanation,
    most_called,
    other_class,
    targets_of,
)
from sightline.tasks.segmentation.losses.weighted import training_loss
from sightline.tasks.segmentation.objective import SegmentationObjective
from sightline.tasks.segmentation.pixels import class_pixels
from sightline.tasks.segmentation.prediction_rows import MaskRows
from sightline.tasks.segmentation.shift import MaskShift
from sightline.tasks.task import Task, TeacherLoss

SAMPLED_PIXELS: Final = 256
"""Pixels of an image whose logits are kept."""


@dataclass(frozen=True)
class Segmentation(Task):
    """A class for every pixel.

    Attributes:
        names: of the classes, by class id.
        ignore_index: the class id of pixels that do not count.
        colours: of the classes in pictures, where the data have some.
    """

    name: ClassVar[str] = "segmentation"
    names: tuple[str, ...]
    ignore_index: int
    colours: tuple[int, ...] | None = None

    @classmethod
    def of_split(cls, split: Split) -> Self:
        """With the classes of the masks."""
        masks = split.targets.get(MASK)
        if not isinstance(masks, MaskHashes):
            raise UsageError("the data have no masks to learn; take data=segmentation_folder or data=shapes")
        return cls(masks.class_names, masks.ignore_index, masks.colours)

    @classmethod
    def of_run(cls, run: Run) -> Self:
        """With the classes that the run stored."""
        if run.has("classes.json"):  # of predictions that another tool made
            return cls(tuple(class_names_of(run)), 255)
        return cls.of_split(load_split(run))

    @property
    def class_names(self) -> dict[str, tuple[str, ...]]:
        """Of the masks."""
        return {MASK: self.names}

    @property
    def heads(self) -> dict[str, int]:
        """A logit for each class, of every pixel."""
        return {MASK: len(self.names)}

    def objective(self, config: Config, dataset: Dataset, positions: NDArray[np.int64]) -> SegmentationObjective:
        """The configured losses, with weights from the pixels of the masks that train."""
        check_known(dataset.split, MASK)
        weights = self._weights(config, dataset, positions)
        loss = training_loss(config.segmentation, config.training.label_smoothing, weights, self.ignore_index)
        return SegmentationObjective(len(self.names), self.ignore_index, loss)

    def _weights(self, config: Config, dataset: Dataset, positions: NDArray[np.int64]) -> Tensor | None:
        kind = config.segmentation.class_weights
        if kind == "none":
            return None
        if not isinstance(kind, str):
            if len(kind) != len(self.names):
                raise UsageError(
                    f"segmentation.class_weights has {len(kind)} numbers for {len(self.names)} classes: "
                    + ", ".join(self.names)
                )
            return torch.tensor(kind)
        counts = class_pixels(dataset, positions, len(self.names))
        return torch.from_numpy(class_weights(kind, config.segmentation.beta, counts)).float()

    def teacher_loss(self, temperature: float) -> TeacherLoss:
        """The divergence from the teacher's softened probabilities of every pixel."""
        return partial(follow_pixels, temperature=temperature)

    def collector(self) -> MaskCollector:
        """Confusions, and logits of some pixels."""
        return MaskCollector(MASK, self.ignore_index, SAMPLED_PIXELS, seed=0)

    @classmethod
    def read_predictions(cls, arrays: Arrays) -> MaskPredictions:
        """Confusions, and logits of some pixels."""
        return MaskPredictions.from_arrays(arrays)

    def evaluate(
        self,
        config: Config,
        run: Run,
        split: SplitName,
        predictions: MaskPredictions,
        averaged: MaskPredictions | None,
    ) -> MaskResults:
        """Every score with its interval, per class, per image and over all pixels."""
        return evaluate(config, run, self.names, split, predictions, averaged)

    def draw_examples(
        self, _config: Config, run: Run, loaded: LoadedRun, split: SplitName, predictions: MaskPredictions
    ) -> None:
        """Images with their masks and what was predicted."""
        draw_masks(run, loaded, split, predictions, self, only_tensor)

    def calibrate(
        self, config: Config, run: Run, predictions: MaskPredictions, val: MaskPredictions | None
    ) -> MaskCalibrationResults:
        """A temperature, and sets of classes for every pixel."""
        return calibrate(config, run, predictions, val)

    def calibrated(self, network: NormalisedNetwork, run: Run) -> CalibratedSegmenter:
        """Probabilities of every pixel at the run's temperature."""
        return CalibratedSegmenter(network, temperature_of(run))

    def shift(self, config: Config, run: Run, split: SplitName) -> MaskShift:
        """Mean IoU and pixel accuracy."""
        return MaskShift(config, run, split, self.ignore_index)

    @classmethod
    def compare(cls, config: Config, entrants: Sequence[Entrant]) -> Comparison:
        """By the metric that is configured, as a rule by the mean IoU; images are paired."""
        from sightline.tasks.segmentation.comparison import compare  # half a second, which training does without

        return compare(config, entrants)

    def prediction_rows(self, config: Config, run: Run) -> MaskRows:  # noqa: ARG002 - nothing is chosen
        """The mask of each image, with confidence calibrated as far as the run is."""
        content = load_current(run, CALIBRATION) if run.has(CALIBRATION) else None
        rows = MaskRows(self.names, self.ignore_index, load_preprocessing(run), colours=self.colours)
        if content is None:
            return rows
        return replace(rows, temperature=float(content["temperature"]), fitted_on=int(content["n_temperature"]))

    def explanation(
        self,
        config: Config,
        run: Run,  # noqa: ARG002 - one call shape
        predictions: MaskPredictions,
    ) -> MaskExplanation:
        """One class of the pixels of some images: that of `explain.mask_class`, else the one most pixels are called."""
        asked = config.explain
        chosen = chosen_class(asked.mask_class, self.names)
        versus = other_class(asked.versus, self.names, asked.mask_class)
        return explanation(predictions, self.names, chosen, asked.classes, asked.per_class, versus)

    def explained(self, config: Config, outputs: Outputs) -> tuple[Tensor, TargetScore]:
        """The same of images without a mask."""
        answers, asked = only_tensor(outputs).argmax(dim=1).cpu(), config.explain
        chosen = chosen_class(asked.mask_class, self.names)
        versus = other_class(asked.versus, self.names, asked.mask_class)
        called = torch.stack([torch.bincount(image.flatten(), minlength=len(self.names)) for image in answers]).numpy()
        target = most_called(called, self.names) if chosen is None else np.full(len(answers), chosen)
        return targets_of(target, called, versus), class_of_mask
