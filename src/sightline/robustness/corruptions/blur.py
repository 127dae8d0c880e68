"""Blurs: out of focus, in motion, by zooming; and through frosted glass."""

import math
from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sightline.robustness.corruptions.draws import Draws
from sightline.robustness.corruptions.linear import (
    SCALE,
    blurred,
    folded,
    gaussian_kernel,
    quantised,
    to_bytes,
    zoomed,
)

DISK: Final = 2**15
"""What the weights of a disk are over: sums of 8-bit pixels stay below 2^24, so that float32 adds them exactly."""


def defocus_blur(images: Tensor, _: Draws, radius: float, softness: float) -> Tensor:
    """Spread each pixel over a disk.

    Args:
        images: uint8 (B, 3, H, W).
        radius: of the disk, pixels.
        softness: sigma of the Gaussian that smooths its edge, pixels.
    """
    kernel = _disk(radius, softness)
    reach = len(kernel) // 2
    height, width = images.shape[2:]
    rows, columns = (
        torch.from_numpy(folded(np.arange(-reach, side + reach), side, "mirror")) for side in (height, width)
    )
    padded = images[:, :, rows][:, :, :, columns].float().flatten(0, 1)[:, None]
    sums = F.conv2d(padded, kernel[None, None])
    return to_bytes(sums.view(images.shape).double() / DISK)


def motion_blur(images: Tensor, draws: Draws, radius: float, sigma: float) -> Tensor:
    """Smear along a line at an angle of -45 to 45 degrees; see `smeared`."""
    return smeared(images, draws.uniform(1, -45, 45, "angle")[:, 0], radius, sigma)


def zoom_blur(images: Tensor, _: Draws, last: float, step: float) -> Tensor:
    """The mean of the image and of itself enlarged by factors from 1 to below `last`."""
    factors = np.arange(1, last, step).tolist()
    total = images.double()
    for factor in factors:
        total = total + zoomed(images, factor)
    return to_bytes(total / (len(factors) + 1))


def glass_blur(images: Tensor, draws: Draws, sigma: float, reach: float, times: float) -> Tensor:
    """Blur, let pixels take the place of neighbours, blur again.

    Pixels are visited from the last to the first, as in the published code; each becomes what lies up to `reach` pixels
    away by then. So a pixel may hold one that was taken over before, and chains of them are followed to their ends.

    Args:
        images: uint8 (B, 3, H, W).
        draws: of the images.
        sigma: of the blurs, pixels.
        reach: how far pixels move, pixels; one less down and to the right.
        times: how often all are visited.
    """
    pixels = to_bytes(blurred(images, sigma)).flatten(2)
    for number in range(int(times)):
        ends = _ends(draws, images.shape[2], images.shape[3], int(reach), number)
        pixels = pixels.gather(2, ends[:, None].expand(-1, pixels.shape[1], -1))
    return to_bytes(blurred(pixels.view(images.shape), sigma))


def _ends(draws: Draws, height: int, width: int, reach: int, number: int) -> Tensor:
    """(B, H · W) where the pixel comes from that each place holds after all were visited once."""
    steps = (draws.bits(2, height, width, part=f"visit {number}") * (2 * reach)) >> 16
    down, across = (steps - reach).unbind(dim=1)
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    moves = (rows > reach) & (rows <= height - reach) & (columns > reach) & (columns <= width - reach)
    places = rows * width + columns
    sources = torch.where(moves, places + down * width + across, places).flatten(1)
    # A source that was visited before, which lies behind in the order of reading, holds by then what it took itself.
    goes_on = moves.flatten() & moves.flatten()[sources] & (sources > places.flatten())
    while goes_on.any():
        further = sources.gather(1, sources)
        goes_on, sources = goes_on & goes_on.gather(1, sources), torch.where(goes_on, further, sources)
    return sources


def smeared(images: Tensor, angles: NDArray[np.float64], radius: float, sigma: float) -> Tensor:
    """Weigh pixels along a line from each pixel by half a normal density: ImageMagick's motion blur.

    Args:
        images: uint8 (B, C, H, W).
        angles: (B,) degrees.
        radius: half the number of pixels of the line.
        sigma: of the density, pixels.

    Returns:
        uint8 of the same shape.
    """
    width = 2 * math.ceil(radius) + 1
    weights = quantised(_half(sigma, width)[None])[0].astype(int).tolist()
    # One by one: a vectorised sine may differ in its last bit from place to place.
    sines, cosines = (np.array([of(math.radians(angle)) for angle in angles]) for of in (math.sin, math.cos))
    steps = np.arange(width)
    down, across = (np.ceil(steps * of[:, None] - 0.5).astype(np.int64) for of in (sines, cosines))
    reach, (height, length) = int(max(np.abs(down).max(), np.abs(across).max())), images.shape[2:]
    rows, columns = (
        torch.from_numpy(folded(np.arange(-reach, side + reach), side, "nearest")) for side in (height, length)
    )
    padded = images[:, :, rows][:, :, :, columns].int()
    total = torch.zeros(images.shape, dtype=torch.int32)
    for image, place in product(range(len(images)), steps):
        top, left = reach + down[image, place], reach + across[image, place]
        total[image].add_(padded[image, :, top : top + height, left : left + length], alpha=weights[place])
    return to_bytes(total.double() / SCALE + 0.5)


def _half(sigma: float, width: int) -> NDArray[np.float64]:
    """(width,) the half of a normal density from its middle on, summing to 1."""
    half = gaussian_kernel(sigma, width - 1)[width - 1 :]
    return np.asarray(half / half.sum())


@lru_cache(maxsize=16)
def _disk(radius: float, softness: float) -> Tensor:
    """(k, k) a disk with a soft edge, whole numbers over `DISK`."""
    reach = 8 if radius <= 8 else int(radius)
    places = np.arange(-reach, reach + 1)
    disk = (places[:, None] ** 2 + places**2 <= radius**2).astype(np.float64)
    disk /= disk.sum()
    wide = 1 if radius <= 8 else 2
    smooth = np.zeros((len(places), len(places)))
    for step, weight in zip(range(-wide, wide + 1), gaussian_kernel(softness, wide), strict=True):
        smooth[np.arange(len(places)), folded(np.arange(len(places)) + step, len(places), "mirror")] += weight
    kernel = np.rint(smooth @ disk @ smooth.T * DISK)
    used = int(np.abs(places[kernel.any(axis=0)]).max())
    return torch.from_numpy(kernel[reach - used : reach + used + 1, reach - used : reach + used + 1]).float()
