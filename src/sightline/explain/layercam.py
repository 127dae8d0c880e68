"""Layer-CAM: each place by its own gradient, which keeps detail (Jiang et al. 2021)."""

from torch import Tensor, nn

from sightline.explain.finish import layer_maps
from sightline.explain.targets import TargetScore, class_logit


def layercam(
    network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore = class_logit, batch_size: int = 32
) -> Tensor:
    """Maps (B, H, W) as `gradcam` makes them, each place weighted by its own positive gradient.

    Arguments, result and errors are those of `gradcam`.
    """
    return layer_maps(network, images, targets, score, batch_size, weighed)


def weighed(maps: Tensor, gradients: Tensor) -> Tensor:
    """(B, h, w) the sum of the maps (B, C, h, w), each place by its own positive gradient."""
    return (gradients.relu() * maps).sum(dim=1)
