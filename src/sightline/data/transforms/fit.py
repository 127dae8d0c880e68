"""Images of any shape as squares that hold all of them: between bars, or with sides of their own lengths made equal."""

from typing import Literal

import numpy as np
from torch import Tensor, tensor

from sightline.data.transforms.boxes import Sizes
from sightline.data.transforms.resizing import ResizeMode, resize_to

Fit = Literal["crop", "letterbox", "squash", "whole"]
"""How an image becomes a square: the middle of it, all of it between bars, or all of it at another ratio of sides.

`whole` makes a square in training alone, cut from a place drawn anew each time; else the image keeps its shape.
"""


def squares(
    fit: Literal["letterbox", "squash"],
    sides: Sizes,
    images: Tensor,
    sizes: Sizes,
    interpolation: ResizeMode,
    fill: tuple[float, ...],
) -> tuple[Tensor, Sizes]:
    """Whole images as squares.

    Args:
        fit: `letterbox` resizes the longer side and puts bars at both ends of the shorter one, the second a pixel
            thicker where they cannot be equal; `squash` resizes each side by itself.
        sides: (B,) pixels a side of each square, the same for images of the same size.
        images: uint8 (B, C, H, W), padded at right and bottom.
        sizes: (B, 2) each image's own height and width.
        interpolation: the filter; `nearest` for masks.
        fill: of the bars, a number for each channel, which is rounded.

    Returns:
        uint8 (B, C, S, S) of the largest square's side S, padded, and (B, 2) the sizes of the squares.
    """
    shapes = np.repeat(sides[:, None], 2, axis=1)
    side = int(sides.max())
    if fit == "squash":
        resized, _ = resize_to(shapes, images, sizes, interpolation)
        return resized[:, :, :side, :side], shapes
    inner = np.maximum(np.round(sizes * shapes / sizes.max(axis=1, keepdims=True)), 1).astype(np.int64)
    resized, _ = resize_to(inner, images, sizes, interpolation)
    if (inner == shapes).all():
        return resized[:, :, :side, :side], shapes
    output = tensor(fill, device=images.device).round().to(images.dtype)[:, None, None].expand(-1, side, side)
    output = output.repeat(len(images), 1, 1, 1)
    for place, whole, (top, left), (height, width) in zip(
        output, resized, ((shapes - inner) // 2).tolist(), inner.tolist(), strict=True
    ):
        place[:, top : top + height, left : left + width] = whole[:, :height, :width]
    return output, shapes
