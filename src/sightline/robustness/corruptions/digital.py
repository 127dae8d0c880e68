"""Brightness, contrast, coarse pixels and JPEG."""

from functools import lru_cache
from io import BytesIO
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sightline.robustness.corruptions.draws import Draws
from sightline.robustness.corruptions.linear import to_bytes

PRECISION: Final = 2**22
"""What Pillow's weights are over."""


def brightness(images: Tensor, _: Draws, added: float) -> Tensor:
    """Add to the value of hue, saturation and value; the other two stay.

    Args:
        images: uint8 (B, 3, H, W).
        added: with white as 1.
    """
    pixels = images.double() / 255
    value = pixels.amax(dim=1, keepdim=True)
    brighter = (value + added).clamp(max=1)
    scaled = torch.where(value > 0, pixels * (brighter / value.clamp(min=1 / 255)), brighter)
    return to_bytes(scaled * 255)


def contrast(images: Tensor, _: Draws, kept: float) -> Tensor:
    """Pull each channel to its mean over the image; `kept` is the share of the distance that stays."""
    means = images.long().sum(dim=(2, 3), keepdim=True).double() / (images.shape[2] * images.shape[3])
    return to_bytes((images.double() - means) * kept + means)


def pixelate(images: Tensor, _: Draws, share: float) -> Tensor:
    """Reduce the sides to a share by boxes, and enlarge them again, to the bit as Pillow does."""
    height, width = images.shape[2:]
    small = _reduced(images, max(1, int(height * share)), max(1, int(width * share)))
    rows, columns = (
        _box_matrix(before, after).argmax(dim=1) for before, after in zip(small.shape[2:], (height, width), strict=True)
    )
    return small[:, :, rows][:, :, :, columns]  # a box no wider than a pixel holds one


def jpeg_compression(images: Tensor, _: Draws, quality: float) -> Tensor:
    """Store as JPEG and read again, by Pillow."""
    found = np.empty(tuple(images.shape), dtype=np.uint8)
    for place, image in zip(found, images.permute(0, 2, 3, 1).numpy(), strict=True):
        stream = BytesIO()
        Image.fromarray(np.ascontiguousarray(image)).save(stream, "JPEG", quality=int(quality))
        with Image.open(stream, formats=["JPEG"]) as read:
            place[:] = np.asarray(read).transpose(2, 0, 1)
    return torch.from_numpy(found)


def _reduced(images: Tensor, height: int, width: int) -> Tensor:
    """Rows first, then columns, whole numbers after each."""
    across = images.double() @ _box_matrix(images.shape[3], width).T
    down = _box_matrix(images.shape[2], height) @ _rounded(across)
    return _rounded(down).to(torch.uint8)


def _rounded(sums: Tensor) -> Tensor:
    return ((sums + PRECISION / 2) / PRECISION).floor().clamp(0, 255)


@lru_cache(maxsize=64)
def _box_matrix(before: int, after: int) -> Tensor:
    """(after, before) Pillow's weights of the box filter, over `PRECISION`."""
    step = before / after
    support = 0.5 * max(step, 1.0)
    found = np.zeros((after, before))
    for row in range(after):
        centre = (row + 0.5) * step
        first, last = max(0, int(centre - support + 0.5)), min(before, int(centre + support + 0.5))
        places = (np.arange(first, last) - centre + 0.5) / max(step, 1.0)
        inside = ((places > -0.5) & (places <= 0.5)).astype(np.float64)
        found[row, first:last] = np.floor(inside / max(inside.sum(), 1.0) * PRECISION + 0.5)
    return torch.from_numpy(found)
