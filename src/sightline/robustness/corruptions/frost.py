"""Frost: a texture of our own in place of the photographs that the published sets paste."""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from sightline.robustness.corruptions.blur import smeared
from sightline.robustness.corruptions.draws import Draws, normal_table
from sightline.robustness.corruptions.linear import blurred, to_bytes
from sightline.robustness.corruptions.weather import cloud_of

PANES: Final = (
    (77.7, 149.1, 165.7, 15.0, 10.0),
    (200.8, 205.4, 214.5, 18.0, 12.0),
    (200.8, 205.4, 214.5, 18.0, 12.0),
    (137.6, 152.8, 165.2, 29.0, 8.0),
    (112.4, 123.4, 134.8, 34.0, 26.0),
)
"""Of the five photographs that ImageNet-C and CIFAR-10-C draw from: mean red, green and blue, the deviation within what
is cut out of them, and that of its mean."""
ROUGHNESS: Final = 1.05
"""Every scale of the texture varies nearly as much as the one above it, as in those photographs."""
NEEDLES: Final = 0.6
"""How much of the texture is in streaks."""
STEPS: Final = 2**10


def frost(images: Tensor, draws: Draws, kept: float, added: float, sigma: float) -> Tensor:
    """Add a frosted pane to the image.

    Args:
        images: uint8 (B, 3, H, W).
        draws: of the images.
        kept: the share of the image that stays.
        added: the share of the pane that is added.
        sigma: of the blur that makes the texture as smooth as a photograph, pixels.
    """
    return to_bytes(images.double() * kept + _panes(draws, images.shape[2], images.shape[3], sigma) * added)


def _panes(draws: Draws, height: int, width: int, sigma: float) -> Tensor:
    """(B, 3, H, W) float64 whole numbers on the scale of pixels."""
    kinds = torch.tensor(PANES, dtype=torch.float64)[draws.bits(1, part="pane")[:, 0] * len(PANES) >> 16]
    angles = draws.uniform(1, -90, 90, "angle")[:, 0]
    cloud = _standard(cloud_of(draws, max(height, width), ROUGHNESS))[:, :height, :width]
    grains = to_bytes(draws.bits(1, height, width, part="grains").double() / 2**8)
    streaks = _standard(smeared(grains, angles, 6, 3)[:, 0].double())
    mixed = cloud * (1 - NEEDLES**2) ** 0.5 + streaks * NEEDLES
    texture = blurred((mixed * STEPS).round(), sigma) / STEPS if sigma else mixed
    lighter = torch.from_numpy(normal_table())[draws.bits(1, part="light")] * kinds[:, 4:]
    panes = (kinds[:, :3] + lighter)[:, :, None, None] + texture[:, None] * kinds[:, 3, None, None, None]
    return to_bytes(panes).double()


def _standard(maps: Tensor) -> Tensor:
    """(B, H, W) of mean 0 and deviation 1, by sums of whole numbers, which no order of adding changes."""
    whole = ((maps - maps.amin(dim=(1, 2), keepdim=True)) * (STEPS / maps.amax(dim=(1, 2), keepdim=True))).round()
    count = float(np.prod(maps.shape[1:]))
    total = whole.sum(dim=(1, 2), keepdim=True)
    square = (whole * whole).sum(dim=(1, 2), keepdim=True)
    spread = ((square - total * total / count) / count).clamp(min=1).sqrt()
    return (whole - total / count) / spread
