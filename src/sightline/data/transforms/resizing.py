"""Resizes every image of a batch to a size of its own, antialiased, as evaluation asks."""

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sightline.data.transforms.boxes import Sizes

Interpolation = Literal["bilinear", "bicubic"]
ResizeMode = Literal["bilinear", "bicubic", "nearest"]


def shorter_side_to(
    side: int, images: Tensor, sizes: Sizes, interpolation: ResizeMode, *, enlarge: bool
) -> tuple[Tensor, Sizes]:
    """Resize the images whose shorter side is not `side`; the others stay as they are, to the bit.

    The filter is Pillow's (antialiased when reducing, cubic with a = -0.5), applied in turn to each size that occurs.

    Args:
        side: wanted length of the shorter side, pixels.
        images: uint8 (B, C, H, W), padded at right and bottom.
        sizes: (B, 2) each image's own height and width.
        interpolation: the filter; `nearest` is for masks, and takes the value under each new pixel's centre.
        enlarge: whether smaller images grow, too.

    Returns:
        uint8 images, padded to the largest, and their sizes.
    """
    shorter = sizes.min(axis=1, keepdims=True)
    changes = (shorter != side) if enlarge else (shorter > side)
    return resize_to(np.where(changes, side * sizes // shorter, sizes), images, sizes, interpolation)


def resize_to(targets: Sizes, images: Tensor, sizes: Sizes, interpolation: ResizeMode) -> tuple[Tensor, Sizes]:
    """Resize each image that has another size than it should; if none has, they stay as they are, to the bit.

    Args:
        targets: (B, 2) wanted heights and widths, the same for images of the same size.
        images: see `shorter_side_to`.
        sizes: see `shorter_side_to`.
        interpolation: see `shorter_side_to`.

    Returns:
        uint8 images, padded to the largest, and their sizes.
    """
    if (targets == sizes).all():
        return images, sizes
    shapes, members = np.unique(sizes, axis=0, return_inverse=True)
    if len(shapes) == 1:
        (height, width), target = shapes[0], targets[0]
        return _resize(images[:, :, :height, :width], target, interpolation), targets
    output = images.new_zeros((*images.shape[:2], *targets.max(axis=0).tolist()))
    for group, (height, width) in enumerate(shapes):
        chosen = np.flatnonzero(members.reshape(-1) == group)
        rows = torch.from_numpy(chosen).to(images.device)
        target = targets[chosen[0]]
        part = images[rows, :, :height, :width]
        output[rows, :, : target[0], : target[1]] = _resize(part, target, interpolation)
    return output, targets


def _resize(images: Tensor, target: Sizes, interpolation: ResizeMode) -> Tensor:
    height, width = target.tolist()
    if images.shape[2:] == (height, width):
        return images
    if interpolation == "nearest":
        return F.interpolate(images.contiguous(), size=(height, width), mode="nearest-exact")
    # The uint8 kernel, whole-number arithmetic and close to Pillow's to the bit, exists on the CPU alone.
    pixels = images.contiguous() if images.device.type == "cpu" else images.float()
    resized = F.interpolate(pixels, size=(height, width), mode=interpolation, antialias=True)
    return resized if resized.dtype == torch.uint8 else resized.round_().clamp_(0, 255).to(torch.uint8)
