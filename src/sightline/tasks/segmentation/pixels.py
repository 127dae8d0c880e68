"""How many pixels of each class the masks of some items hold."""

import numpy as np
from numpy.typing import NDArray

from sightline.data.dataset import Dataset
from sightline.data.store.padding import little_padded
from sightline.errors import UsageError

AT_ONCE = 64
"""Masks that are read together."""


def class_pixels(dataset: Dataset, positions: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(classes,) pixels of each class, as the masks are stored; those that do not count are left out.

    Args:
        dataset: with masks.
        positions: of the items.
        classes: how many.

    Raises:
        UsageError: not one pixel counts.
    """
    masks, counts = dataset.masks, np.zeros(256, dtype=np.int64)
    assert masks is not None
    for start in range(0, len(positions), AT_ONCE):
        rows = dataset.rows[positions[start : start + AT_ONCE]]
        shapes = dataset.store.index.shapes[rows]
        for places in little_padded(shapes):
            height, width = shapes[places].max(axis=0).tolist()
            counts += np.bincount(masks.batch(rows[places], height, width).flatten().numpy(), minlength=256)
    counts[masks.ignore_index] = 0
    if not counts.any():
        raise UsageError("segmentation.class_weights: the masks of train have no pixel that counts")
    return counts[:classes]
