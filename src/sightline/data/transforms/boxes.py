"""Boxes of a drawn area, shape and place: what a resized crop keeps and what erasing takes away."""

import numpy as np
from numpy.typing import NDArray

Sizes = NDArray[np.int64]

TRIES = 10
"""How often a box is drawn before it is given up; torchvision's number."""

SLOTS = 2 * TRIES + 2
"""How many uniforms an image's box takes."""


def draw_boxes(
    sizes: Sizes, scale: tuple[float, float], ratio: tuple[float, float], numbers: NDArray[np.float32], margin: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Take the first of ten drawn boxes that fits the image, at a drawn place (Szegedy et al. 2015).

    Args:
        sizes: (B, 2) heights and widths.
        scale: share of the area, uniform.
        ratio: width over height, log-uniform.
        numbers: (B, SLOTS) uniforms.
        margin: by how many pixels a box must be shorter than the image.

    Returns:
        (B, 4) top, left, height, width, whole numbers; and (B,) whether one fitted (the others are zeros).
    """
    draws = numbers.astype(np.float64)
    areas = sizes.prod(axis=1)[:, None] * between(draws[:, :TRIES], *scale)
    aspects = np.exp(between(draws[:, TRIES : 2 * TRIES], np.log(ratio[0]), np.log(ratio[1])))
    shapes = np.round(np.sqrt(np.stack([areas / aspects, areas * aspects], axis=2)))
    fits = np.all((shapes >= 1) & (shapes <= sizes[:, None, :] - margin), axis=2)
    found = fits.any(axis=1)
    shape = shapes[np.arange(len(sizes)), fits.argmax(axis=1)]
    start = np.floor(draws[:, -2:] * (sizes - shape + 1))
    return np.where(found[:, None], np.concatenate([start, shape], axis=1), 0.0), found


def centred_boxes(sizes: Sizes, ratio: tuple[float, float]) -> NDArray[np.float64]:
    """(B, 4) the largest box in the middle of each image whose width over height lies within `ratio`."""
    heights, widths = sizes[:, 0], sizes[:, 1]
    shapes = np.stack([np.minimum(heights, widths / ratio[0]), np.minimum(widths, heights * ratio[1])], axis=1)
    shapes = np.maximum(np.round(shapes), 1)
    return np.concatenate([np.floor((sizes - shapes) / 2), shapes], axis=1)


def between(numbers: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Stretch uniforms from [0, 1) to [low, high)."""
    return low + numbers * (high - low)
