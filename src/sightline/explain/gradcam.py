"""Grad-CAM: which places of an image speak for a class (Selvaraju et al. 2017)."""

from torch import Tensor, nn

from sightline.explain.finish import layer_maps
from sightline.explain.targets import TargetScore, class_logit


def gradcam(
    network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore = class_logit, batch_size: int = 32
) -> Tensor:
    """Heat maps of the score of one target for each image, over the last maps the network makes.

    Each channel is weighted by the mean gradient of the score, summed, and kept where positive; the map is resized
    bilinearly to the image and divided by its largest value. The network runs in eval mode and comes back as it was; a
    caller's `no_grad` or `inference_mode` is lifted inside.

    Args:
        network: any that `target_layer` finds a layer in.
        images: (B, 3, H, W), normalised, on the network's device.
        targets: (B, …), what is explained of each image: by default a class, (B,) int64.
        score: what the network says of each image's target; by default the class's logit, before softmax.
        batch_size: how many images are worked on at once, which bounds memory.

    Returns:
        (B, H, W) float32 in 0…1; all zero where nothing speaks for the target.

    Raises:
        RunFailedError: the network has no layer that Grad-CAM can look at.
    """
    return layer_maps(network, images, targets, score, batch_size, weighed)


def weighed(maps: Tensor, gradients: Tensor) -> Tensor:
    """(B, h, w) the sum of the maps (B, C, h, w), each by its mean gradient."""
    return (gradients.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1)
