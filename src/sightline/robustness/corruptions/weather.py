"""Snow and fog."""

import torch
from torch import Tensor

from sightline.robustness.corruptions.blur import smeared
from sightline.robustness.corruptions.draws import BITS, Draws, normal_table
from sightline.robustness.corruptions.linear import to_bytes, zoomed

GREY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in what is seen of a colour without it (ITU-R BT.601)."""
STEPS = 2**12
"""Of normal deviates, so that they are whole numbers."""


def snow(
    images: Tensor,
    draws: Draws,
    mean: float,
    spread: float,
    zoom: float,
    threshold: float,
    radius: float,
    sigma: float,
    kept: float,
) -> Tensor:
    """Brighten and bleach the image, and let flakes fall over it, and once more turned about.

    Args:
        images: uint8 (B, 3, H, W).
        draws: of the images.
        mean: of the noise that flakes are made of, with white as 1.
        spread: its standard deviation.
        zoom: by which it is enlarged.
        threshold: below which there is no flake.
        radius: of the smear of flakes, see `smeared`.
        sigma: likewise.
        kept: the share of the image that is not bleached.
    """
    size = images.shape[2:]
    noise = torch.from_numpy(normal_table())[draws.bits(*size, part="flakes")]
    layer = zoomed((noise * STEPS).round(), zoom) / STEPS * spread + mean
    layer = torch.where(layer < threshold, 0.0, layer)
    flakes = smeared(to_bytes(layer * 255)[:, None], draws.uniform(1, -135, -45, "angle")[:, 0], radius, sigma)
    fallen = flakes.double() / 255
    pixels = images.double() / 255
    red, green, blue = pixels.unbind(dim=1)
    grey = (red * GREY[0] + green * GREY[1] + blue * GREY[2])[:, None]
    bleached = pixels * kept + torch.maximum(pixels, grey * 1.5 + 0.5) * (1 - kept)
    return to_bytes((bleached + fallen + fallen.flip(2, 3)) * 255)


def fog(images: Tensor, draws: Draws, strength: float, decay: float) -> Tensor:
    """Lay a cloud over the image and darken both, so that the brightest value stays.

    Args:
        images: uint8 (B, 3, H, W).
        draws: of the images.
        strength: of the cloud, with white as 1.
        decay: by which its roughness falls from each scale to half of it.
    """
    height, width = images.shape[2:]
    cloud = cloud_of(draws, max(height, width), decay)[:, None, :height, :width]
    pixels = images.double() / 255
    brightest = pixels.amax(dim=(1, 2, 3), keepdim=True)
    return to_bytes((pixels + cloud * strength) * brightest / (brightest + strength) * 255)


def cloud_of(draws: Draws, side: int, decay: float) -> Tensor:
    """(B, s, s) float64 between 0 and 1, a fractal by midpoint displacement; s is the power of two at or above `side`.

    Every step halves the distance of the points that are known: first the middle of each square of four is their mean
    and a random number, then the middle of each edge likewise of its four neighbours, around the border of the map.
    """
    size = max(2, 1 << (side - 1).bit_length())
    found = torch.zeros(len(draws.counters), size, size, dtype=torch.float64)
    step, rough = size, 100.0
    while step >= 2:
        half = step // 2

        def moved(total: Tensor, part: str) -> Tensor:
            drawn = draws.bits(*total.shape[1:], part=f"{part} {step}").double()  # noqa: B023 - called at once
            return total / 4 + (drawn * 2 + 1 - 2**BITS) / 2**BITS * (rough * rough)  # noqa: B023

        corners = found[:, ::step, ::step]
        beside = corners + corners.roll(-1, 1)
        found[:, half::step, half::step] = moved(beside + beside.roll(-1, 2), "square")
        middles = found[:, half::step, half::step]
        found[:, ::step, half::step] = moved((middles + middles.roll(1, 1)) + (corners + corners.roll(-1, 2)), "across")
        found[:, half::step, ::step] = moved((middles + middles.roll(1, 2)) + (corners + corners.roll(-1, 1)), "down")
        step, rough = half, rough / decay
    found = found - found.amin(dim=(1, 2), keepdim=True)
    return found / found.amax(dim=(1, 2), keepdim=True)
