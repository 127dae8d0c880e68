"""Eigen-CAM: where the features of an image differ most, whatever the class (Muhammad and Yeasin 2020)."""

import torch
from torch import Tensor, nn

from sightline.explain.finish import layer_maps
from sightline.explain.targets import TargetScore, class_logit


def eigencam(
    network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore = class_logit, batch_size: int = 32
) -> Tensor:
    """Maps (B, H, W) of the first principal component of the features over the places of each image.

    No target changes them: they show what the network tells apart in an image, not what speaks for a class. Arguments,
    result and errors are those of `gradcam`.
    """
    return layer_maps(network, images, targets, score, batch_size, projected)


def projected(maps: Tensor, gradients: Tensor) -> Tensor:  # noqa: ARG001 - as every method of a layer
    """(B, h, w) the places of the maps (B, C, h, w) along their first principal component.

    Its sign is arbitrary: it is taken so that places with large features are positive.
    """
    places = maps.flatten(2).transpose(1, 2)
    centred = places - places.mean(dim=1, keepdim=True)
    _, _, axes = torch.linalg.svd(centred.cpu(), full_matrices=False)
    found = (centred @ axes[:, 0, :, None].to(centred))[..., 0]
    sizes = places.norm(dim=2)
    along = (found * (sizes - sizes.mean(dim=1, keepdim=True))).sum(dim=1, keepdim=True)
    return torch.where(along < 0, -found, found).view(len(maps), *maps.shape[2:])
