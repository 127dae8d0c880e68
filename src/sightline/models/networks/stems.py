"""Smaller first layers for small images, so that there is something left to look at in the last ones."""

import torch
from torch import nn

SMALL_IMAGE = 64
"""Up to this side, networks made for about 224 px get a smaller stem or smaller patches."""
POOLS = ("maxpool", "stem.pool", "features.pool0", "layer0.pool", "body.pool")
"""Where timm's networks keep the pooling behind their first convolution."""


def patch_size(image_size: int) -> int:
    """The patch that cuts a small image into about 8 x 8, without a remainder where that is possible."""
    whole = [size for size in range(2, image_size // 5 + 1) if image_size % size == 0]
    return min(whole, key=lambda size: abs(image_size / size - 8), default=max(1, round(image_size / 8)))


def shrink_stem(model: nn.Module) -> bool:
    """Halve the stride of the first convolution, make its kernel smaller and drop the pooling behind it.

    A 7x7 kernel becomes 3x3, a 4x4 patch 2x2; learned weights keep the centre of each kernel (He et al. 2016 train
    32 px images with a 3x3 stem of stride 1).

    Returns:
        Whether anything was changed: the first layer may be no convolution, or too small already.
    """
    name = getattr(model, "pretrained_cfg", {}).get("first_conv")
    layer = _find(model, name) if isinstance(name, str) else None
    if not isinstance(layer, nn.Conv2d):
        return False
    pools = [path for path in POOLS if not isinstance(_find(model, path), nn.Identity | None)]
    for path in pools:
        parent, _, child = path.rpartition(".")
        setattr(model.get_submodule(parent), child, nn.Identity())
    changed = layer.stride != (1, 1) or bool(pools)
    layer.stride = (max(1, layer.stride[0] // 2), max(1, layer.stride[1] // 2))
    _crop_kernel(layer)
    return changed


def _crop_kernel(layer: nn.Conv2d) -> None:
    size = layer.kernel_size[0]
    smaller = size if size <= 3 else 3 if size % 2 else size // 2
    start = (size - smaller) // 2
    centre = layer.weight.detach()[..., start : start + smaller, start : start + smaller]
    layer.weight = nn.Parameter(centre.clone(memory_format=torch.contiguous_format))
    layer.kernel_size = (smaller, smaller)
    if layer.padding != (0, 0):
        layer.padding = ((smaller - 1) // 2, (smaller - 1) // 2)


def _find(model: nn.Module, path: str) -> nn.Module | None:
    try:
        return model.get_submodule(path)
    except AttributeError:
        return None
