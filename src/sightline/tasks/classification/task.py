"""One label an image, as a task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import Config
from sightline.data.dataset import Dataset
from sightline.data.splits.split import Split
from sightline.data.targets import LABEL, MISSING, only_class
from sightline.explain.targets import TargetScore, class_logit, named_class, set_against
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import CALIBRATION, class_names_of, load_split, temperature_of
from sightline.inference.network import CalibratedClassifier, NormalisedNetwork
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.predictions import Arrays, Predictions
from sightline.models.outputs import Outputs, only_tensor
from sightline.run.folder import Run, SplitName
from sightline.run.origin import SPLIT, load_current
from sightline.run.stored import DamagedFileError
from sightline.tasks.classification.calibration import CalibrationResults, calibrate
from sightline.tasks.classification.collector import ClassificationCollector, EmbeddedPredictions
from sightline.tasks.classification.decisions import Asked, Decisions
from sightline.tasks.classification.evaluation import EvaluationResults, evaluate
from sightline.tasks.classification.explanation import ClassExplanation, explanation
from sightline.tasks.classification.galleries import draw_examples
from sightline.tasks.classification.losses import soft_target_loss, training_loss
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.tasks.classification.prediction_rows import ClassRows
from sightline.tasks.classification.shift import ClassShift
from sightline.tasks.classification.uncertainty import ClassMemberMean, UncertaintyResults, compare_methods
from sightline.tasks.results import Entrant, MethodPredictions
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

    def objective(self, config: Config, dataset: Dataset, positions: NDArray[np.int64]) -> ClassificationObjective:
        """Cross-entropy as configured, with weights and shifts from the numbers of training images of each class."""
        label = only_class(dataset.split.targets)
        loss = training_loss(config.imbalance, config.training.label_smoothing, label.counts(positions))
        return ClassificationObjective(len(self.names), loss, is_partial=bool((label.values == MISSING).any()))

    def teacher_loss(self, temperature: float) -> TeacherLoss:
        """The divergence from the teacher's softened probabilities."""
        return partial(soft_target_loss, temperature=temperature)

    def collector(self) -> ClassificationCollector:
        """Logits and embeddings."""
        return ClassificationCollector()

    @classmethod
    def read_predictions(cls, arrays: Arrays) -> Predictions:
        """Logits and labels."""
        return Predictions.from_arrays(arrays)

    def evaluate(
        self, config: Config, run: Run, split: SplitName, predictions: Predictions, averaged: Predictions | None
    ) -> EvaluationResults:
        """Every score with its interval, per class, and what is worth knowing beside it."""
        return evaluate(config, run, self.names, split, predictions, averaged)

    def draw_examples(
        self, config: Config, run: Run, loaded: LoadedRun, split: SplitName, predictions: EmbeddedPredictions
    ) -> None:
        """Galleries of right and wrong answers, and a map of embeddings."""
        draw_examples(config, run, loaded, split, predictions)

    def calibrate(
        self, config: Config, run: Run, predictions: Predictions, val: Predictions | None
    ) -> CalibrationResults:
        """A temperature, conformal sets, and thresholds of confidence."""
        return calibrate(config, run, predictions, val)

    def calibrated(self, network: NormalisedNetwork, run: Run) -> CalibratedClassifier:
        """Probabilities at the run's temperature."""
        return CalibratedClassifier(network, temperature_of(run))

    def explanation(self, config: Config, run: Run, predictions: Predictions) -> ClassExplanation:
        """The predicted class of right and wrong images of each class."""
        chosen, versus = config.explain, named_class("explain.versus", config.explain.versus, self.names)
        temperature = temperature_of(run)
        return explanation(predictions, self.names, chosen.classes, chosen.per_class, versus, temperature)

    def explained(self, config: Config, outputs: Outputs) -> tuple[Tensor, TargetScore]:
        """The predicted class."""
        logits, versus = only_tensor(outputs), named_class("explain.versus", config.explain.versus, self.names)
        return set_against(logits.argmax(dim=1), logits, versus), class_logit

    def prediction_rows(self, config: Config, run: Run) -> ClassRows:
        """The likeliest classes of each image, its conformal set, and whether to abstain."""
        content = load_current(run, CALIBRATION) if run.has(CALIBRATION) else None
        at = run.path.resolve()
        can_calibrate = content is not None or _can_calibrate(run)
        asked = Asked(f"{at.parent.name}/{at.name}", len(self.names), can_calibrate)
        return ClassRows(self.names, Decisions.of(content, config.predict, asked), config.predict.top_k)

    @classmethod
    def compare(cls, config: Config, entrants: Sequence[Entrant]) -> Comparison:
        """By the metric that is configured."""
        from sightline.tasks.classification.comparison import compare  # half a second, which training does without

        return compare(config, entrants)

    def member_mean(self) -> ClassMemberMean:
        """Of probabilities."""
        return ClassMemberMean()

    def compare_methods(
        self, config: Config, run: Run, split: SplitName, methods: Mapping[str, MethodPredictions]
    ) -> UncertaintyResults:
        """Scores of each method, and what it gains over the plain one."""
        return compare_methods(config, run, split, methods)

    def shift(self, config: Config, run: Run, split: SplitName) -> ClassShift:
        """Accuracy, calibration and coverage of the sets."""
        return ClassShift(config, run, split)


def _can_calibrate(run: Run) -> bool:
    """Whether the run has two images, or groups of them, to calibrate on, as far as its files tell."""
    try:
        split = load_split(run) if run.has(SPLIT) else None
    except DamagedFileError:
        return True
    if split is None:
        return True
    positions = split.positions("calibration").tolist()
    return len(positions if split.groups is None else {split.groups[place] for place in positions}) > 1
