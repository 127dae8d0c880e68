"""What stands in place of pixels that are removed from an image."""

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

BLUR: Final = 1 / 8
"""Standard deviation of the blur, over the shorter side: 4 pixels at 32, 28 at 224."""

Fill = Callable[[Tensor], Tensor]
"""From images (B, C, H, W) to as many of the same shape."""


def blurred(images: Tensor) -> Tensor:
    """The images out of focus: no new edges, but coarse shapes stay."""
    return gaussian(images, BLUR * min(images.shape[2:]))


def mean_colour(images: Tensor) -> Tensor:
    """Each image's mean colour everywhere: nothing stays, but holes have edges."""
    return images.mean(dim=(2, 3), keepdim=True).expand_as(images)


FILLS: Final[Mapping[str, Fill]] = {"blur": blurred, "mean": mean_colour}
"""By name. Networks take them differently, and either may favour a map: both are reported."""


def gaussian(images: Tensor, deviation: float) -> Tensor:
    """(B, C, H, W) blurred by a Gaussian of so many pixels, the border repeated beyond the image."""
    reach = max(1, round(3 * deviation))
    across = torch.arange(-reach, reach + 1, device=images.device, dtype=torch.float32)
    kernel = torch.exp(-((across / max(deviation, 1e-6)) ** 2) / 2)
    kernel = (kernel / kernel.sum()).to(images.dtype)
    channels = images.shape[1]
    padded = F.pad(images, (reach, reach, reach, reach), mode="replicate")
    rows = F.conv2d(padded, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(rows, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
