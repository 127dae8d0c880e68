"""The changes that the Square attack begins with in L2: bumps, of which one half rises and the other falls."""

from functools import lru_cache

import torch
from torch import Tensor

from sightline.robustness.attacks.draws import Draws

ACROSS = 5
"""Tiles along each side of an image."""


@lru_cache(maxsize=64)
def bump(side: int) -> Tensor:
    """(side, side) of length 1: its upper half rises to its middle, its lower one falls."""
    upper = _pyramid(side // 2, side) if side > 1 else torch.zeros(0, side)
    found = torch.cat([upper, -_pyramid(side - side // 2, side)])
    return found / found.square().sum().sqrt()


def _pyramid(height: int, width: int) -> Tensor:
    """(height, width) of length 1, that falls from the middle as the sums of 1 / k² from the distance on."""
    down, across = (torch.arange(length) - length // 2 for length in (height, width))
    distance = torch.maximum(down.abs()[:, None], across.abs())
    steps = 1 / torch.arange(1, max(height, width) // 2 + 2, dtype=torch.float32).square()
    found = steps.flip(0).cumsum(0).flip(0)[distance]
    return found / found.square().sum().sqrt()


def tiled(images: Tensor, draws: Draws) -> Tensor:
    """Changes (B, C, H, W): a bump in each tile, upright or lying, of a random sign for each channel."""
    height, width = images.shape[2:]
    side = max(1, min(height, width) // ACROSS)
    down, across = height // side, width // side
    signs = draws.signs(images.new_empty(len(images), images.shape[1], down, across), "square/start")
    turned = draws.uniform(images.new_empty(len(images), 1, down, across), "square/turn") < 0.5
    pattern = bump(side).to(images)
    chosen = torch.where(turned[..., None, None], pattern.T, pattern) * signs[..., None, None]
    change = torch.zeros_like(images)
    top, left = (height - down * side) // 2, (width - across * side) // 2
    tiles = chosen.permute(0, 1, 2, 4, 3, 5).reshape(*images.shape[:2], down * side, across * side)
    change[:, :, top : top + down * side, left : left + across * side] = tiles
    return change
