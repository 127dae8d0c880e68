"""Grad-CAM: which places of an image speak for a class (Selvaraju et al. 2017)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.hooks import activation_and_gradient, in_eval_mode
from sightline.explain.layers import as_maps, target_layer
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
    layer = target_layer(network)
    parts = []
    with torch.inference_mode(False), torch.enable_grad(), in_eval_mode(network):
        for some, wanted in zip(torch.split(images, batch_size), torch.split(targets, batch_size), strict=True):
            # Copies: what was made under inference_mode cannot enter a graph, and a network may work in place.
            copies = some.detach().clone(), wanted.to(some.device, copy=True)
            activation, gradient = activation_and_gradient(network, *copies, score, layer)
            size = (some.shape[2], some.shape[3])
            parts.append(_heat(as_maps(network, activation, size), as_maps(network, gradient, size), size))
    return torch.cat(parts) if parts else images.new_zeros((0, *images.shape[2:]), dtype=torch.float32)


def _heat(maps: Tensor, gradients: Tensor, size: tuple[int, int]) -> Tensor:
    weights = gradients.float().mean(dim=(2, 3), keepdim=True)
    heat = (weights * maps.float()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=size, mode="bilinear", align_corners=False)[:, 0]
    peak = heat.amax(dim=(1, 2), keepdim=True)
    return torch.where(peak > 0, heat / peak.clamp(min=torch.finfo(heat.dtype).tiny), torch.zeros_like(heat))
