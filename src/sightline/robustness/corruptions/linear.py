"""Blurs and resizings as matrices of whole numbers, so that no order of adding and no size of a batch changes a bit.

A weight is a whole number over `SCALE`. Pixels below 2^8 times two weights of at most 2^16 stay below 2^53 in any sum
of them that is a mean, so every product and every sum in float64 is exact.
"""

import math
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Reals = NDArray[np.float64]
Edge = Literal["nearest", "reflect", "mirror"]
"""What lies beyond the edge, named as in SciPy: aaa|abcd, cba|abcd and dcb|abcd."""

SCALE: Final = 2**16


def folded(places: NDArray[np.int64], length: int, edge: Edge) -> NDArray[np.int64]:
    """The pixels that stand for places at or beyond the edges of a line of so many pixels."""
    if edge == "nearest":
        return np.clip(places, 0, length - 1)
    period = 2 * length - (2 if edge == "mirror" else 0)
    within = np.mod(places, max(period, 1))
    last = period - (0 if edge == "mirror" else 1)
    return np.where(within < length, within, last - within)


def quantised(weights: Reals) -> Reals:
    """Rows of weights that sum to 1 as whole numbers that sum to `SCALE`; the largest takes what rounding leaves."""
    found: Reals = np.rint(weights * SCALE)
    rows = np.arange(len(found))
    found[rows, found.argmax(axis=1)] += SCALE - found.sum(axis=1)
    return found


def gaussian_kernel(sigma: float, radius: int) -> Reals:
    """(2 radius + 1,) a normal density, summing to 1; all of it in the middle for a sigma of 0."""
    places = np.arange(-radius, radius + 1)
    density = np.exp(-0.5 * (places / sigma) ** 2) if sigma else (places == 0).astype(np.float64)
    kernel: Reals = density / density.sum()
    return kernel


@lru_cache(maxsize=64)
def gaussian_matrix(length: int, sigma: float, truncate: float, edge: Edge) -> Tensor:
    """(length, length) a Gaussian blur of lines, cut off at `truncate` sigmas as SciPy does."""
    radius = int(truncate * sigma + 0.5)
    found = np.zeros((length, length))
    rows = np.arange(length)
    for step, weight in zip(range(-radius, radius + 1), gaussian_kernel(sigma, radius), strict=True):
        found[rows, folded(rows + step, length, edge)] += weight
    return torch.from_numpy(quantised(found))


@lru_cache(maxsize=256)
def zoom_matrix(length: int, factor: float) -> Tensor:
    """(length, length) the middle of lines enlarged by a factor of at least 1, linearly between pixels."""
    inner = math.ceil(length / factor)
    outer = round(inner * factor)
    first, trim = (length - inner) // 2, (outer - length) // 2
    places = np.arange(trim, trim + length) * ((inner - 1) / max(1, outer - 1))
    below = np.minimum(np.floor(places).astype(np.int64), inner - 1)
    above = np.minimum(below + 1, inner - 1)
    found, rows = np.zeros((length, length)), np.arange(length)
    np.add.at(found, (rows, first + below), 1 - (places - below))
    np.add.at(found, (rows, first + above), places - below)
    return torch.from_numpy(quantised(found))


def along_both(images: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """What a matrix for columns and one for rows make of images of whole numbers, exactly.

    Args:
        images: (..., H, W), whole numbers below 2^20 of any type.
        down: (H', H) of `quantised` weights.
        across: (W', W) of `quantised` weights.

    Returns:
        (..., H', W') float64.
    """
    return down @ (images.double() @ across.T) / SCALE**2


def blurred(images: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur, (..., H, W) float64: what `skimage.filters.gaussian` does by default."""
    height, width = images.shape[-2:]
    down, across = (gaussian_matrix(side, sigma, 4.0, "nearest") for side in (height, width))
    return along_both(images, down, across)


def zoomed(images: Tensor, factor: float) -> Tensor:
    """The middle of images enlarged to their size, (..., H, W) float64."""
    height, width = images.shape[-2:]
    return along_both(images, zoom_matrix(height, factor), zoom_matrix(width, factor))


def to_bytes(values: Tensor) -> Tensor:
    """uint8 of values on the scale of pixels: cut to 0…255, fractions dropped as the published sets drop them."""
    return values.clamp(0, 255).floor().to(torch.uint8)
