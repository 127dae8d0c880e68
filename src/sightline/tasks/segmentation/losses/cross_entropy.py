"""Cross-entropy of every pixel that counts."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from sightline.tasks.segmentation.losses.counted import mean_of_counted


@dataclass(frozen=True)
class CrossEntropy:
    """The mean over the pixels of an image, see `PixelLoss`.

    Attributes:
        ignore_index: the class id of pixels that do not count.
        weights: (classes,) what pixels of each class weigh, or None. The mean is over pixels, not over their weights.
        label_smoothing: share of each label that is spread over all classes.
    """

    ignore_index: int
    weights: Tensor | None = None
    label_smoothing: float = 0.0

    def __call__(self, logits: Tensor, masks: Tensor) -> Tensor:
        """(n,) of the images."""
        losses = F.cross_entropy(
            logits,
            masks,
            weight=None if self.weights is None else self.weights.to(logits),
            ignore_index=self.ignore_index,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        return mean_of_counted(losses, masks, self.ignore_index)
