"""Grad-CAM++: Grad-CAM for several things of one class in an image (Chattopadhay et al. 2018)."""

import torch
from torch import Tensor, nn

from sightline.explain.finish import layer_maps
from sightline.explain.targets import TargetScore, class_logit


def gradcam_plus_plus(
    network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore = class_logit, batch_size: int = 32
) -> Tensor:
    """Maps (B, H, W) as `gradcam` makes them, with a weight for each place of a channel in place of their mean.

    The paper's weights follow from the exponential of the score, whose derivatives of higher order are powers of the
    first one. Arguments, result and errors are those of `gradcam`.
    """
    return layer_maps(network, images, targets, score, batch_size, weighed)


def weighed(maps: Tensor, gradients: Tensor) -> Tensor:
    """(B, h, w) the sum of the maps (B, C, h, w), each by its weighted positive gradients.

    A place counts g² / (2 g² + g³ S), where S is the sum of the channel. The paper's maps are rectified; where others
    are negative they count as 0 in S, or the denominator would pass through 0.
    """
    rising = gradients.relu()
    share = 1 / (2 + maps.relu().sum(dim=(2, 3), keepdim=True) * rising)
    weights = torch.where(rising > 0, share * rising, torch.zeros_like(rising)).sum(dim=(2, 3), keepdim=True)
    return (weights * maps).sum(dim=1)
