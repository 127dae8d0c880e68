"""The pixel operations that augmentation policies draw from, each on a batch with a strength for every image.

They follow torchvision's, which follow Pillow's; results are rounded to the nearest whole value, where those cut off.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from sightline.data.transforms.colour import grey, mean_grey

Operation = Callable[[Tensor, Tensor], Tensor]
"""(uint8 (B, 3, H, W), float32 (B, 1, 1, 1)) to uint8 (B, 3, H, W)."""


def brightness(pixels: Tensor, change: Tensor) -> Tensor:
    """Away from black by the relative change, or towards it."""
    return _blended(pixels, torch.zeros_like(change), change)


def contrast(pixels: Tensor, change: Tensor) -> Tensor:
    """Away from the image's mean grey, or towards it."""
    return _blended(pixels, mean_grey(pixels), change)


def saturation(pixels: Tensor, change: Tensor) -> Tensor:
    """Away from each pixel's grey, or towards it."""
    return _blended(pixels, grey(pixels), change)


def sharpness(pixels: Tensor, change: Tensor) -> Tensor:
    """Away from the smoothed image, or towards it; the outermost pixels stay."""
    if min(pixels.shape[2:]) <= 2:
        return pixels
    whole = pixels.int()
    lines = whole[:, :, :-2] + whole[:, :, 1:-1] + whole[:, :, 2:]
    squares = lines[..., :-2] + lines[..., 1:-1] + lines[..., 2:]
    smooth = ((squares + 4 * whole[:, :, 1:-1, 1:-1]) / 13).round_()
    output = pixels.clone()
    output[:, :, 1:-1, 1:-1] = _blended(pixels[:, :, 1:-1, 1:-1], smooth, change)
    return output


def posterize(pixels: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest bits of each value."""
    kept = torch.bitwise_left_shift(torch.full_like(bits, 255, dtype=torch.int32), 8 - bits.int())
    return pixels & (kept & 255).to(torch.uint8)


def solarize(pixels: Tensor, threshold: Tensor) -> Tensor:
    """Invert the values from the threshold up; it is a fraction of 255."""
    return torch.where(pixels >= 255 * threshold, 255 - pixels, pixels)


def invert(pixels: Tensor, _: Tensor) -> Tensor:
    """White becomes black, and black white."""
    return 255 - pixels


def autocontrast(pixels: Tensor, _: Tensor) -> Tensor:
    """Stretch each channel to the full range; a channel of one value stays."""
    low, high = pixels.amin(dim=(2, 3), keepdim=True), pixels.amax(dim=(2, 3), keepdim=True)
    stretched = (pixels - low).float().mul_(255).div_((high - low).clamp(min=1)).round_().to(torch.uint8)
    return torch.where(high > low, stretched, pixels)


def equalize(pixels: Tensor, _: Tensor) -> Tensor:
    """Spread the values of each channel evenly; a channel with too little to spread stays."""
    flat = pixels.flatten(2).long()
    channels = torch.arange(0, 256 * flat.shape[0] * flat.shape[1], 256, device=pixels.device).view(*flat.shape[:2], 1)
    counts = torch.bincount((flat + channels).flatten(), minlength=256 * channels.numel()).view(*flat.shape[:2], 256)
    step = (flat.shape[2] - counts.gather(2, flat.amax(dim=2, keepdim=True))) // 255
    below = counts.cumsum(dim=2) - counts
    spread = ((below + step // 2) // step.clamp(min=1)).clamp_(max=255)
    table = torch.where(step > 0, spread, torch.arange(256, device=pixels.device)).to(torch.uint8)
    return table.gather(2, flat).view_as(pixels)


OPERATIONS: dict[str, Operation] = {
    "brightness": brightness,
    "color": saturation,
    "contrast": contrast,
    "sharpness": sharpness,
    "posterize": posterize,
    "solarize": solarize,
    "autocontrast": autocontrast,
    "equalize": equalize,
    "invert": invert,
}


def _blended(pixels: Tensor, anchor: Tensor, change: Tensor) -> Tensor:
    """From the anchor through the pixel and beyond, by 1 + change."""
    moved = ((pixels - anchor) * (1 + change)).add_(anchor)
    return moved.round_().clamp_(0, 255).to(torch.uint8)
