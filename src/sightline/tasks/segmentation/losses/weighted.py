"""The configured sum of losses."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.config.segmentation import SegmentationConfig
from sightline.tasks.segmentation.losses.counted import PixelLoss
from sightline.tasks.segmentation.losses.cross_entropy import CrossEntropy
from sightline.tasks.segmentation.losses.dice import Dice
from sightline.tasks.segmentation.losses.focal import Focal
from sightline.tasks.segmentation.losses.lovasz import Lovasz
from sightline.tasks.segmentation.losses.tversky import Tversky


@dataclass(frozen=True)
class WeightedSum:
    """Several losses, see `PixelLoss`.

    Attributes:
        terms: what each weighs, and the loss.
    """

    terms: Sequence[tuple[float, PixelLoss]]

    def __call__(self, logits: Tensor, masks: Tensor) -> Tensor:
        """(n,) of the images."""
        return torch.stack([weight * loss(logits, masks) for weight, loss in self.terms]).sum(dim=0)


def training_loss(
    config: SegmentationConfig, label_smoothing: float, weights: Tensor | None, ignore_index: int
) -> WeightedSum:
    """What `segmentation.loss` asks for.

    Args:
        config: of the losses.
        label_smoothing: of the cross-entropy.
        weights: (classes,) of the pixels, or None.
        ignore_index: the class id of pixels that do not count.
    """
    loss = config.loss
    terms: list[tuple[float, PixelLoss]] = [
        (loss.cross_entropy, CrossEntropy(ignore_index, weights, label_smoothing)),
        (loss.dice, Dice(ignore_index, config.smooth)),
        (loss.focal, Focal(ignore_index, config.focal_gamma, weights)),
        (loss.lovasz, Lovasz(ignore_index)),
        (loss.tversky, Tversky(ignore_index, config.tversky_alpha, config.tversky_beta, config.smooth)),
    ]
    return WeightedSum([(weight, term) for weight, term in terms if weight > 0])
