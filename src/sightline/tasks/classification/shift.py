"""What a label is worth under a corruption: accuracy, calibration, and coverage of the run's conformal sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor, nn

from sightline.calibration.judge import judge_sets
from sightline.config.schema import Config
from sightline.data.targets import LABEL
from sightline.inference.model import CALIBRATION, group_codes_of, temperature_of
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.documents.calibration import Calibration
from sightline.metrics.documents.robustness import ShiftedSets
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions
from sightline.models.outputs import Outputs, only_tensor
from sightline.run.folder import Run, SplitName
from sightline.tasks.results import Shifted

METRICS = ("accuracy", "ece", "ece_debiased")


class LogitsCollector:
    """Keeps logits alone, which take a fraction of the memory of embeddings."""

    def forward(self, model: nn.Module, images: Tensor) -> Outputs:
        """Outputs of the model."""
        outputs: Outputs = model(images)
        return outputs

    def collect(self, ids: Sequence[str], outputs: Outputs, targets: Mapping[str, Tensor]) -> Predictions:
        """The predictions of a batch."""
        return Predictions(np.array(ids), only_tensor(outputs).cpu().numpy(), targets[LABEL].cpu().numpy())

    def joined(self, parts: Sequence[Predictions]) -> Predictions:
        """One after the other."""
        return Predictions(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "logits", "labels"))
        )


@dataclass(frozen=True)
class ClassShift:
    """See `tasks.results.Shift`; probabilities are at the run's temperature.

    Attributes:
        config: of the command.
        run: whose model it is.
        split: that the images are of.
    """

    config: Config
    run: Run
    split: SplitName

    @property
    def metrics(self) -> dict[str, str]:
        """Accuracy."""
        return {LABEL: METRICS[0]}

    def collector(self) -> LogitsCollector:
        """Logits."""
        return LogitsCollector()

    def measure(self, predictions: Predictions) -> dict[str, Shifted]:
        """Accuracy, the calibration errors, and the marginal sets of `calibration.json`."""
        evaluation = self.config.evaluation
        groups = group_codes_of(self.run, self.split, predictions.ids)
        resampling = Resampling(evaluation.level, evaluation.resamples, self.config.seed, groups)
        answers = predictions.logits.argmax(axis=1)
        probabilities = predictions.probabilities(self._temperature)
        binned = BinnedPredictions.of(probabilities, self.config.calibration.bins, answers)
        found = Scored(binned, predictions.labels).intervals(resampling, only=METRICS)
        metrics = {name: found[name].to_json() for name in METRICS}
        right = np.equal(answers, predictions.labels).astype(np.float64)
        return {LABEL: Shifted(metrics, self._sets(predictions, resampling), right)}

    @cached_property
    def _temperature(self) -> float:
        return temperature_of(self.run)

    @cached_property
    def _calibration(self) -> Calibration | None:
        return self.run.load_json(CALIBRATION) if self.run.has(CALIBRATION) else None

    def _sets(self, predictions: Predictions, resampling: Resampling) -> list[ShiftedSets]:
        """Those over all images alike; sets within each class would be many and say the same."""
        if self._calibration is None:
            return []
        marginal = [entry for entry in self._calibration["conformal"] if entry["conditional"] == "marginal"]
        judged = judge_sets(marginal, predictions, self._temperature, resampling)
        return [
            {
                "method": one["method"],
                "alpha": one["alpha"],
                "coverage": one["coverage"],
                "mean_size": one["mean_size"],
            }
            for one in judged
        ]
