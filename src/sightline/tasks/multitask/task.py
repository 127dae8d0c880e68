"""A label and a mask from one network, as a task: two tasks, each asked for its own target."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.splits.split import Split
from sightline.data.targets import LABEL, MASK
from sightline.explain.targets import TargetScore
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import load_split, temperature_of
from sightline.inference.network import CalibratedHeads, NormalisedNetwork
from sightline.machine.terminal import logger
from sightline.metrics.catalogue import METRICS
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.predictions import Arrays, Predictions
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.models.outputs import Outputs, by_head
from sightline.run.folder import Run, SplitName
from sightline.run.part import PartOfRun
from sightline.tasks.classification.galleries import keep_photos
from sightline.tasks.classification.task import Classification
from sightline.tasks.known import check_known
from sightline.tasks.multitask.balance import Balance, FixedWeights, LearnedWeights
from sightline.tasks.multitask.explanation import MultitaskExplanation, both, of_head, score
from sightline.tasks.multitask.objective import MultitaskObjective
from sightline.tasks.multitask.prediction_rows import LabelAndMaskRows
from sightline.tasks.multitask.predictions import MultitaskCollector, MultitaskPredictions
from sightline.tasks.multitask.results import MultitaskResults
from sightline.tasks.multitask.shift import MultitaskShift
from sightline.tasks.multitask.side_by_side import side_by_side
from sightline.tasks.results import AnyPredictions, Entrant
from sightline.tasks.segmentation.examples import draw_masks
from sightline.tasks.segmentation.task import Segmentation
from sightline.tasks.task import Task, TeacherLoss

Part = tuple[Sequence[AnyPredictions], NDArray[np.int64]]
"""Predictions of one target by each member, and the rows of the first one's that they are of."""


_OTHERWISE: Final = {
    LABEL: "compare.metric=accuracy compares the labels",
    MASK: "compare.metric=mean_iou compares the masks",
}
"""What is said of the target that a comparison is not about."""


@dataclass(frozen=True)
class Multitask(Task):
    """A class for each image, and one for every pixel; images may lack either.

    Attributes:
        label: the task of the label alone.
        mask: the task of the mask alone.
    """

    name: ClassVar[str] = "multitask"
    label: Classification
    mask: Segmentation

    @classmethod
    def of_split(cls, split: Split) -> Self:
        """With the classes of both."""
        return cls(Classification.of_split(split), Segmentation.of_split(split))

    @classmethod
    def of_run(cls, run: Run) -> Self:
        """With the classes that the run stored."""
        return cls.of_split(load_split(run))

    @property
    def class_names(self) -> dict[str, tuple[str, ...]]:
        """Of both."""
        return {**self.label.class_names, **self.mask.class_names}

    @property
    def heads(self) -> dict[str, int]:
        """Of both."""
        return {**self.label.heads, **self.mask.heads}

    def objective(self, config: Config, dataset: Dataset, positions: NDArray[np.int64]) -> MultitaskObjective:
        """Of both, weighted as configured."""
        check_known(dataset.split, LABEL)
        objectives = {
            LABEL: self.label.objective(config, dataset, positions),
            MASK: self.mask.objective(config, dataset, positions),
        }
        weights = config.multitask.weights
        balance: Balance = (
            LearnedWeights(tuple(objectives)) if weights == "learned" else FixedWeights(weights.model_dump())
        )
        return MultitaskObjective(objectives, balance)

    def teacher_loss(self, temperature: float) -> TeacherLoss:
        """The sum of following the teacher in both."""
        follow = {LABEL: self.label.teacher_loss(temperature), MASK: self.mask.teacher_loss(temperature)}

        def loss(outputs: Outputs, teacher: Outputs) -> Tensor:
            ours, theirs = by_head(outputs), by_head(teacher)
            label, mask = (one(ours[name], theirs[name]) for name, one in follow.items())
            return label + mask

        return loss

    def collector(self) -> MultitaskCollector:
        """Of both."""
        return MultitaskCollector(self.mask.collector())

    @classmethod
    def read_predictions(cls, arrays: Arrays) -> MultitaskPredictions:
        """Of both."""
        return MultitaskPredictions.from_arrays(arrays)

    def evaluate(
        self,
        config: Config,
        run: Run,
        split: SplitName,
        predictions: MultitaskPredictions,
        averaged: MultitaskPredictions | None,
    ) -> MultitaskResults:
        """Both, each over the images that bear it."""
        return side_by_side(
            run,
            split,
            predictions,
            lambda part: self.label.evaluate(config, part, split, predictions.of_labels, _labels(averaged)),
            lambda part: self.mask.evaluate(
                config, part, split, predictions.masks, None if averaged is None else averaged.masks
            ),
        )

    def draw_examples(
        self, config: Config, run: Run, loaded: LoadedRun, split: SplitName, predictions: MultitaskPredictions
    ) -> None:
        """Photos of right and wrong labels, and images with their masks and what was predicted."""
        if len(predictions.labelled):
            positions = loaded.dataset.positions(split)[predictions.labelled]
            part = PartOfRun(run, LABEL)
            keep_photos(
                config, part, loaded, positions, predictions.of_labels, lambda said: (of_head(LABEL, said), score)
            )
        if predictions.masks.confusions.any():
            part = PartOfRun(run, MASK)
            draw_masks(part, loaded, split, predictions.masks, self.mask, lambda outputs: by_head(outputs)[MASK])

    def calibrate(
        self, config: Config, run: Run, predictions: MultitaskPredictions, val: MultitaskPredictions | None
    ) -> MultitaskResults:
        """Both, each over the images that bear it; one that too few bear stays as it is."""
        return side_by_side(
            run,
            "calibration",
            predictions,
            lambda part: self.label.calibrate(config, part, predictions.of_labels, _labels(val)),
            lambda part: self.mask.calibrate(config, part, predictions.masks, _masks(val)),
        )

    @classmethod
    def compare(cls, config: Config, entrants: Sequence[Entrant]) -> Comparison:
        """By the labels, or by the masks where `compare.metric` is one of masks; which of both is told."""
        if METRICS[config.compare.metric_of(Classification.name)].task == Segmentation.name:
            found, other = Segmentation.compare(config, [_entrant(one, _masks_of(one)) for one in entrants]), LABEL
        else:
            found, other = Classification.compare(config, [_entrant(one, _labels_of(one)) for one in entrants]), MASK
        found["notes"].append(f"By {found['metric']} alone; {_OTHERWISE[other]}.")
        logger.info("compared by %s alone; %s", found["metric"], _OTHERWISE[other])
        return found

    def shift(self, config: Config, run: Run, split: SplitName) -> MultitaskShift:
        """Of both, each over the images that bear it."""
        label = self.label.shift(config, PartOfRun(run, LABEL), split)
        return MultitaskShift(label, self.mask.shift(config, PartOfRun(run, MASK), split))

    def calibrated(self, network: NormalisedNetwork, run: Run) -> CalibratedHeads:
        """Probabilities of the label and of every pixel, each at its own temperature."""
        return CalibratedHeads(network, {name: temperature_of(PartOfRun(run, name)) for name in self.heads})

    def prediction_rows(self, config: Config, run: Run) -> LabelAndMaskRows:
        """The label and the mask of each image."""
        parts = {name: PartOfRun(run, name) for name in (LABEL, MASK)}
        return LabelAndMaskRows(
            self.label.prediction_rows(config, parts[LABEL]), self.mask.prediction_rows(config, parts[MASK])
        )

    def explanation(self, config: Config, run: Run, predictions: MultitaskPredictions) -> MultitaskExplanation:
        """The label of some images, and a class of the mask of some."""
        of_label, of_mask = self._versus(config, LABEL), self._versus(config, MASK)
        return both(
            {
                LABEL: (
                    self.label.explanation(of_label, PartOfRun(run, LABEL), predictions.of_labels),
                    predictions.labelled,
                ),
                MASK: (
                    self.mask.explanation(of_mask, PartOfRun(run, MASK), predictions.masks),
                    np.arange(len(predictions)),
                ),
            }
        )

    def explained(self, config: Config, outputs: Outputs) -> tuple[Tensor, TargetScore]:
        """The label of each image; where `explain.mask_class` names a class of masks, that."""
        name, task = (LABEL, self.label) if config.explain.mask_class is None else (MASK, self.mask)
        targets, _ = task.explained(self._versus(config, name), by_head(outputs)[name])
        return of_head(name, targets), score

    def _versus(self, config: Config, target: str) -> Config:
        """The configuration without `explain.versus` where that names a class of the other target alone."""
        own, name = self.class_names[target], config.explain.versus
        if name in own or not any(name in names for names in self.class_names.values()):
            return config
        return config.model_copy(update={"explain": config.explain.model_copy(update={"versus": None})})


def _masks_of(entrant: Entrant) -> Part:
    members: Sequence[MultitaskPredictions] = entrant.members
    return [member.masks for member in members], np.arange(len(members[0]))


def _labels_of(entrant: Entrant) -> Part:
    members: Sequence[MultitaskPredictions] = entrant.members
    return [member.of_labels for member in members], members[0].labelled


def _entrant(entrant: Entrant, part: Part) -> Entrant:
    """A system as one of a single target."""
    members, rows = part
    return Entrant(entrant.name, members, None if entrant.groups is None else entrant.groups[rows], None)


def _labels(predictions: MultitaskPredictions | None) -> Predictions | None:
    """Those of labels, where some image has one."""
    return None if predictions is None or not len(predictions.labelled) else predictions.of_labels


def _masks(predictions: MultitaskPredictions | None) -> MaskPredictions | None:
    return None if predictions is None else predictions.masks
