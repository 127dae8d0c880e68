"""Noise: what becomes of a pixel of each value, for each number of 16 bits that may be drawn, stands in a table."""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr, pdtr
from torch import Tensor

from sightline.robustness.corruptions.draws import BITS, Draws


def gaussian_noise(images: Tensor, draws: Draws, sigma: float) -> Tensor:
    """Add a normal deviate to each value.

    Args:
        images: uint8 (B, 3, H, W).
        draws: of the images.
        sigma: standard deviation, with white as 1.
    """
    return _by_table(images, draws, _gaussian_table(sigma))


def shot_noise(images: Tensor, draws: Draws, photons: float) -> Tensor:
    """Count photons: each value becomes a Poisson number with `photons` for white; see `gaussian_noise`."""
    return _by_table(images, draws, _shot_table(photons))


def impulse_noise(images: Tensor, draws: Draws, share: float) -> Tensor:
    """Make a share of all values black or white, either as often; see `gaussian_noise`."""
    drawn = draws.bits(*images.shape[1:])
    limit = round(share * 2**BITS)
    black = torch.where(drawn < limit // 2, torch.zeros_like(images), images)
    return torch.where((drawn >= limit // 2) & (drawn < limit), torch.full_like(images, 255), black)


def _by_table(images: Tensor, draws: Draws, table: Tensor) -> Tensor:
    places = images.long() << BITS
    places += draws.bits(*images.shape[1:])
    return table[places]


@lru_cache(maxsize=2)
def _gaussian_table(sigma: float) -> Tensor:
    """(256 · 65536,) uint8."""
    values, wanted = np.arange(256)[:, None], np.arange(1, 256)
    below = ndtr((wanted - values) / (255 * sigma))
    return _table(below, np.arange(256))


@lru_cache(maxsize=2)
def _shot_table(photons: float) -> Tensor:
    """(256 · 65536,) uint8."""
    means = np.arange(256)[:, None] / 255 * photons
    counts = np.arange(int(photons + 10 * photons**0.5) + 20)
    return _table(pdtr(counts[:-1], means), (np.clip(counts / photons, 0, 1) * 255).astype(np.uint8))


def _table(chances: NDArray[np.float64], levels: NDArray[np.generic]) -> Tensor:
    """What becomes of each value for each number of 16 bits, from the lowest level to the highest.

    Args:
        chances: (256, levels - 1) that a value ends at a level or below it, for all levels but the last.
        levels: of uint8, rising.
    """
    ends = np.clip(np.rint(chances * 2**BITS), 0, 2**BITS).astype(np.int64)
    shares = np.diff(ends, axis=1, prepend=0, append=2**BITS)
    return torch.from_numpy(np.concatenate([np.repeat(levels.astype(np.uint8), share) for share in shares]))
