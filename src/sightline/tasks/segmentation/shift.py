"""What a mask is worth under a corruption: mean IoU and pixel accuracy."""

from dataclasses import dataclass

import numpy as np

from sightline.config.schema import Config
from sightline.data.targets import MASK
from sightline.errors import UsageError
from sightline.inference.masks import MaskCollector
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.metrics.segmentation.scoring import ScoredMasks
from sightline.run.folder import Run, SplitName
from sightline.tasks.results import Shifted
from sightline.tasks.segmentation.evaluation import resampling_of

METRICS = ("mean_iou", "pixel_accuracy", "image_iou")
PIXELS = 1
"""Of an image whose logits are kept, the fewest that can be: nothing here asks for any."""


@dataclass(frozen=True)
class MaskShift:
    """See `tasks.results.Shift`.

    Attributes:
        config: of the command.
        run: whose model it is.
        split: that the images are of.
        ignore_index: the class id of pixels that do not count.
    """

    config: Config
    run: Run
    split: SplitName
    ignore_index: int

    @property
    def metrics(self) -> dict[str, str]:
        """The mean IoU of an image."""
        return {MASK: METRICS[-1]}

    def collector(self) -> MaskCollector:
        """Confusions."""
        return MaskCollector(MASK, self.ignore_index, PIXELS, seed=0)

    def measure(self, predictions: MaskPredictions) -> dict[str, Shifted]:
        """Mean IoU over all images and over each, and pixel accuracy.

        Raises:
            UsageError: no pixel counts.
        """
        scored = ScoredMasks(predictions.confusions)
        if not scored.counted.any():
            raise UsageError(f"no mask of the {self.split} split has a pixel that counts: there is nothing to measure")
        found = scored.intervals(resampling_of(self.config, self.run, self.split, predictions), only=METRICS)
        scores = np.full(len(predictions), np.nan)
        scores[scored.counted] = scored.by_image[METRICS[-1]]
        return {MASK: Shifted({name: found[name].to_json() for name in METRICS}, (), scores)}
