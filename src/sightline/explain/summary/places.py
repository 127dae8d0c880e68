"""How much of a map lies in the corners, at the border and in the centre of an image."""

from typing import Final

import torch
from torch import Tensor

CORNER: Final = 1 / 3
"""Sides of a corner, and of the centre, over those of the image: each is a ninth of it."""
BORDER: Final = 1 / 8
"""Width of the border, over the sides of the image: it is seven sixteenths of it."""
PLACES: Final = ("top left", "top right", "bottom left", "bottom right", "border", "centre")
SUSPECT: Final = PLACES[:5]
"""Where an object that fills its image gives no reason to look."""


def shares(maps: Tensor) -> Tensor:
    """(B, places) float64: the share of each map's positive mass that lies in each of `PLACES`.

    Places overlap, and a pixel that lies in one only partly counts partly.

    Args:
        maps: (B, H, W); what is no number counts as 0.

    Returns:
        NaN where a map has no mass.
    """
    weights = regions(maps.shape[1], maps.shape[2]).to(maps.device)
    mass = positive(maps)
    return torch.einsum("bhw,phw->bp", mass, weights) / mass.sum(dim=(1, 2))[:, None]


def positive(maps: Tensor) -> Tensor:
    """Maps in float64 with what speaks against the target, and what is no number, left out."""
    return maps.detach().double().nan_to_num(nan=0, posinf=0, neginf=0).clamp(min=0)


def regions(height: int, width: int) -> Tensor:
    """(places, height, width) float64, from 0 to 1: how much of each pixel lies in each of `PLACES`."""
    top, left = _first(height, CORNER), _first(width, CORNER)
    bottom, right = top.flip(0), left.flip(0)
    inner = [1 - edge - edge.flip(0) for edge in (_first(height, BORDER), _first(width, BORDER))]
    middle = [1 - top - bottom, 1 - left - right]
    corners = [torch.outer(one, other) for one in (top, bottom) for other in (left, right)]
    return torch.stack([*corners, 1 - torch.outer(*inner), torch.outer(*middle)])


def _first(count: int, part: float) -> Tensor:
    """(count,) how much of each of so many pixels in a row lies in the first `part` of the row."""
    return (count * part - torch.arange(count, dtype=torch.float64)).clamp(0, 1)
