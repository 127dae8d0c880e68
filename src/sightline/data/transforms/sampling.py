"""Reads the pixels a geometry asks for: a gather of whole pixels where that is exact, bilinear where it is not."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from sightline.data.transforms.boxes import Sizes
from sightline.data.transforms.geometry import Geometry, Matrices

SampleMode = Literal["bilinear", "nearest"]


def sample(images: Tensor, sizes: Sizes, geometry: Geometry, mode: SampleMode, fill: tuple[float, ...]) -> Tensor:
    """Fill each output square from its image.

    A crop that reaches over the edge reads the image mirrored there, the edge not repeated (`reflect`, as the quickest
    CIFAR-10 recipes pad; torchvision's crop pads with black). What a warp lays bare is filled: all that lies beyond the
    square, or, where the geometry reads `beyond` it, beyond both square and image. Pixels beyond an image's own size
    are never read, so it matters to no image what pads it.

    Args:
        images: (B, C, H, W), padded at right and bottom.
        sizes: (B, 2) each image's own height and width.
        geometry: of the batch.
        mode: how to read between pixels: `bilinear` for images, `nearest` for masks.
        fill: a value for each channel.

    Returns:
        (B, C, side, side) of the type of `images`; bilinear values are rounded to whole numbers for whole types.
    """
    whole = geometry.whole
    if whole.all():
        return _shifted(images, sizes, geometry)
    if not whole.any():
        return _warped(images, sizes, geometry, mode, fill)
    output = images.new_empty((*images.shape[:2], geometry.side, geometry.side))
    exact, between = (torch.from_numpy(np.flatnonzero(part)).to(images.device) for part in (whole, ~whole))
    output[exact] = _shifted(images[exact], sizes[whole], geometry.take(whole))
    output[between] = _warped(images[between], sizes[~whole], geometry.take(~whole), mode, fill)
    return output


def _shifted(images: Tensor, sizes: Sizes, geometry: Geometry) -> Tensor:
    """Crops of whole steps, read by one gather without any rounding."""
    places = np.arange(geometry.side)
    crop = geometry.crop
    last = sizes - 1
    columns = _reflected(crop[:, 0, :1] * places + crop[:, 0, 2:], last[:, 1:])
    lines = _reflected(crop[:, 1, 1:2] * places + crop[:, 1, 2:], last[:, :1]) * images.shape[3]
    across, down = (torch.from_numpy(part).to(images.device) for part in (columns, lines))
    return _take(images, down[:, :, None] + across[:, None, :])


def _reflected(places: Matrices, last: Sizes) -> Sizes:
    folded = last - np.abs(last - np.abs(places.astype(np.int64)))
    return np.clip(folded, 0, last)


def _warped(images: Tensor, sizes: Sizes, geometry: Geometry, mode: SampleMode, fill: tuple[float, ...]) -> Tensor:
    """Any crop and warp, read between pixels."""
    last = torch.from_numpy((sizes - 1).astype(np.float32)).to(images.device)[:, :, None, None]
    x, y = _points(geometry.matrix, geometry.side, images.device)
    x = _folded(x, last[:, 1])
    y = _folded(y, last[:, 0])
    pixels = _between_pixels(images, x, y, last) if mode == "bilinear" else _nearest(images, x, y)
    if not geometry.warped.any():
        return pixels
    colour = torch.tensor(fill, device=images.device)[:, None, None]
    colour = colour if images.is_floating_point() else colour.round()
    return torch.where(_inside(geometry, sizes, images.device)[:, None], pixels, colour.to(images.dtype))


def _points(matrices: Matrices, side: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The places (B, side, side), x and y, to which the matrices send the pixels of a square."""
    coefficients = torch.from_numpy(matrices.astype(np.float32)).to(device)[..., None]
    places = torch.arange(side, device=device, dtype=torch.float32)
    along, down, start = coefficients.unbind(dim=2)
    points = (along * places)[:, :, None, :] + (down * places + start)[:, :, :, None]
    return points[:, 0], points[:, 1]


def _folded(points: Tensor, last: Tensor) -> Tensor:
    """Mirrored at both edges; a warp's far corners, filled anyway, end on the edge."""
    return (last - (last - points.abs_()).abs_()).clamp_(min=0.0)


def _inside(geometry: Geometry, sizes: Sizes, device: torch.device) -> Tensor:
    """(B, side, side) which output pixels a warp takes from within the square, or, `beyond` it, from the image."""
    square = _within(geometry.warp, np.full_like(sizes, geometry.side), geometry.side, device)
    return square | _within(geometry.matrix, sizes, geometry.side, device) if geometry.beyond else square


def _within(matrices: Matrices, sizes: Sizes, side: int, device: torch.device) -> Tensor:
    """(B, side, side) whether the matrices send the pixels of a square into rectangles of these sizes (B, 2)."""
    x, y = _points(matrices, side, device)
    low = -0.5 - 1e-3
    high = torch.from_numpy((sizes - 0.5 + 1e-3).astype(np.float32)).to(device)[:, :, None, None]
    return (x > low) & (x < high[:, 1]) & (y > low) & (y < high[:, 0])


def _nearest(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return _take(images, (y + 0.5).long() * images.shape[3] + (x + 0.5).long())


def _between_pixels(images: Tensor, x: Tensor, y: Tensor, last: Tensor) -> Tensor:
    """Bilinear, in steps that round one at a time: a fused multiply-add would depend on a pixel's place in memory."""
    left, top = x.floor(), y.floor()
    across, down = x.sub_(left), y.sub_(top)
    to_right = (left < last[:, 1]).long()
    to_below = (top < last[:, 0]).long() * images.shape[3]
    place = top.long() * images.shape[3] + left.long()
    pixels = _take(images, place).float().mul_(((1 - across) * (1 - down))[:, None])
    pixels += _take(images, place + to_right).float().mul_((across * (1 - down))[:, None])
    place += to_below
    pixels += _take(images, place).float().mul_(((1 - across) * down)[:, None])
    pixels += _take(images, place + to_right).float().mul_((across * down)[:, None])
    return pixels if images.is_floating_point() else pixels.round_().to(images.dtype)


def _take(images: Tensor, index: Tensor) -> Tensor:
    """The pixels at (B, h, w) flat places of each image: (B, C, h, w)."""
    flat = images.flatten(2)
    places = index.flatten(1)[:, None].expand(-1, images.shape[1], -1)
    return torch.gather(flat, 2, places).view(*images.shape[:2], *index.shape[1:])
