"""What all methods share: images in parts, and raw maps made ready to look at."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.hooks import activation_and_gradient, in_eval_mode
from sightline.explain.layers import as_maps, target_layer
from sightline.explain.targets import TargetScore

Weigh = Callable[[Tensor, Tensor], Tensor]
"""From the maps (B, C, h, w) of a layer and their gradients to (B, h, w)."""


@contextmanager
def explaining(network: nn.Module, *, gradients: bool) -> Iterator[None]:
    """The network in eval mode, with gradients or without, whatever the caller has set; afterwards all is as before."""
    with torch.inference_mode(False), torch.set_grad_enabled(gradients), in_eval_mode(network):
        yield


def parts(images: Tensor, targets: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """At most `batch_size` images with their targets, one part after the other.

    They are copies: what was made under inference_mode cannot enter a graph, and a network may work in place.
    """
    for some, wanted in zip(torch.split(images, batch_size), torch.split(targets, batch_size), strict=True):
        if len(some):
            yield some.detach().clone(), wanted.to(some.device, copy=True)


def joined(maps: list[Tensor], images: Tensor) -> Tensor:
    """The maps of all parts (B, H, W); none where there are no images."""
    return torch.cat(maps) if maps else images.new_zeros((0, *images.shape[2:]), dtype=torch.float32)


def finished(heat: Tensor, size: tuple[int, int]) -> Tensor:
    """What speaks for the target (B, h, w), from 0 to 1 at the size of the image: the one way for every method.

    Kept where it is positive, resized bilinearly (without aligned corners), divided by the largest value of each image.
    """
    heat = heat.float().relu()
    if tuple(heat.shape[1:]) != size:
        heat = F.interpolate(heat[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    peak = heat.amax(dim=(1, 2), keepdim=True)
    return torch.where(peak > 0, heat / peak.clamp(min=torch.finfo(heat.dtype).tiny), torch.zeros_like(heat))


def layer_maps(
    network: nn.Module, images: Tensor, targets: Tensor, score: TargetScore, batch_size: int, weigh: Weigh
) -> Tensor:
    """(B, H, W) out of the last layer that knows where things are.

    Args:
        network: any that `target_layer` finds a layer in.
        images: (B, 3, H, W), normalised, on the network's device.
        targets: (B, …), what is explained of each image.
        score: what the network says of each image's target.
        batch_size: how many images are worked on at once, which bounds memory.
        weigh: how maps and gradients, in float32, become what speaks for the target.

    Raises:
        RunFailedError: the network has no such layer.
    """
    layer, found, size = target_layer(network), list[Tensor](), (images.shape[2], images.shape[3])
    with explaining(network, gradients=True):
        for some, wanted in parts(images, targets, batch_size):
            both = activation_and_gradient(network, some, wanted, score, layer)
            maps, gradients = (as_maps(network, one, size).float() for one in both)
            found.append(finished(weigh(maps, gradients), size))
    return joined(found, images)
