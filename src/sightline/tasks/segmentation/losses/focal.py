"""Focal loss: cross-entropy in which pixels weigh less, the surer the model is of them (Lin et al. 2017)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.tasks.segmentation.losses.counted import mean_of_counted

LEAST_DOUBT = 1e-6
"""Below it, the doubt that is taken a power of has no gradient: a power below one would make it infinite."""


@dataclass(frozen=True)
class Focal:
    """The mean of (1 - p)^gamma times cross-entropy over the pixels of an image, see `PixelLoss`.

    Class weights take the place of the paper's alpha, which is for two classes.

    Attributes:
        ignore_index: the class id of pixels that do not count.
        gamma: the power; 0 is plain cross-entropy.
        weights: (classes,) what pixels of each class weigh, or None.
    """

    ignore_index: int
    gamma: float
    weights: Tensor | None = None

    def __call__(self, logits: Tensor, masks: Tensor) -> Tensor:
        """(n,) of the images."""
        counts = masks != self.ignore_index
        classes = masks.where(counts, 0)
        log_p = logits.log_softmax(dim=1).gather(1, classes[:, None])[:, 0]
        doubt = (-torch.expm1(log_p)).clamp(min=LEAST_DOUBT)
        losses = -log_p * doubt**self.gamma * counts
        if self.weights is not None:
            losses = losses * self.weights.to(logits)[classes]
        return mean_of_counted(losses, masks, self.ignore_index)
