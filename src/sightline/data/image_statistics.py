"""Numbers that say what an image looks like, of the pixels that a model sees; each hangs on its own image alone."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.drift.statistics import PIXELS

DARK: Final = 2
"""The largest value below .01 of 255."""
BRIGHT: Final = 253
"""The smallest value above .99 of 255."""
LUMA: Final = (299, 587, 114)
"""Thousandths of red, green and blue in brightness (ITU-R BT.601), so that all sums are of whole numbers."""
PIXELS_AT_ONCE: Final = 2**22


def image_statistics(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, statistics) in the order of `PIXELS`.

    Args:
        images: (n, 3, h, w), RGB, before they are normalised.
    """
    at_once = max(1, PIXELS_AT_ONCE // max(1, images[:1].size))
    parts = [_of_some(images[start : start + at_once]) for start in range(0, len(images), at_once)]
    return np.concatenate([np.empty((0, len(PIXELS)), dtype=np.float32), *parts])


def _of_some(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The same of a few."""
    values = images.astype(np.int32)
    brightness = np.tensordot(np.array(LUMA, dtype=np.int32), values, axes=([0], [1]))
    count = brightness[0].size
    total = _sum(brightness)
    spread = np.sqrt(np.maximum(count * _sum(brightness.astype(np.int64) ** 2) - total**2, 0)) / count
    first, second = _differences(brightness)
    channels = values.reshape(*values.shape[:2], -1).mean(axis=2)
    found = {
        "brightness": total / count / 1000,
        "contrast": spread / 1000,
        "red": channels[:, 0],
        "green": channels[:, 1],
        "blue": channels[:, 2],
        "saturation": _sum(values.max(axis=1) - values.min(axis=1)) / count,
        "edges": first / 1000,
        "sharpness": np.divide(second, first, out=np.zeros_like(first), where=first > 0),
        "clipped_dark": (images <= DARK).mean(axis=(1, 2, 3)),
        "clipped_bright": (images >= BRIGHT).mean(axis=(1, 2, 3)),
    }
    return np.stack([found[name] for name in PIXELS], axis=1).astype(np.float32)


def _sum(values: NDArray[np.signedinteger]) -> NDArray[np.float64]:
    """(n,) sums over each image of (n, h, w), exact below 2^53."""
    found: NDArray[np.float64] = values.reshape(len(values), -1).sum(axis=1, dtype=np.int64).astype(np.float64)
    return found


def _differences(brightness: NDArray[np.int32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) mean absolute differences of neighbours, and of neighbours' differences, across and down; 0 of a strip."""
    means = []
    for order in (1, 2):
        changes = [np.abs(np.diff(brightness, n=order, axis=axis)) for axis in (1, 2)]
        size = sum(change[0].size for change in changes)
        means.append((_sum(changes[0]) + _sum(changes[1])) / max(1, size))
    return means[0], means[1]
