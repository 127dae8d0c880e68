"""What a label and a mask are worth under a corruption, each over the images that bear it."""

from dataclasses import dataclass

import numpy as np

from sightline.data.targets import LABEL
from sightline.tasks.classification.shift import ClassShift
from sightline.tasks.multitask.predictions import MultitaskCollector, MultitaskPredictions
from sightline.tasks.results import Shifted
from sightline.tasks.segmentation.shift import MaskShift


@dataclass(frozen=True)
class MultitaskShift:
    """See `tasks.results.Shift`.

    Attributes:
        label: of the label alone.
        mask: of the mask alone.
    """

    label: ClassShift
    mask: MaskShift

    @property
    def metrics(self) -> dict[str, str]:
        """Of both."""
        return {**self.label.metrics, **self.mask.metrics}

    def collector(self) -> MultitaskCollector:
        """Of both."""
        return MultitaskCollector(self.mask.collector())

    def measure(self, predictions: MultitaskPredictions) -> dict[str, Shifted]:
        """Those that some image bears."""
        found: dict[str, Shifted] = {}
        if len(rows := predictions.labelled):
            of_label = self.label.measure(predictions.of_labels)[LABEL]
            scores = np.full(len(predictions), np.nan)
            scores[rows] = of_label.scores
            found[LABEL] = Shifted(of_label.metrics, of_label.sets, scores)
        if predictions.masks.confusions.any():
            found |= self.mask.measure(predictions.masks)
        return found
