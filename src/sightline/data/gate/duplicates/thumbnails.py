"""Small squares of images of any size, which all that looks for copies works on."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from sightline.data.store.image_store import ImageStore
from sightline.machine.signals import check_stop

AT_ONCE: Final = 2**24
"""Bytes of pixels that are read at once, padding left out."""

IMAGES_AT_ONCE: Final = 2048


def thumbnails(store: ImageStore, rows: NDArray[np.int64], side: int) -> Tensor:
    """Images of these rows, brought to a square: (n, 3, side, side) uint8, whatever their shape."""
    found = torch.empty((len(rows), store.channels, side, side), dtype=torch.uint8)
    for places in _pieces(store.index.lengths[rows]):
        check_stop()
        for within, images, sizes in store.batches(rows[places]):
            shapes, shape_of = np.unique(sizes.numpy(), axis=0, return_inverse=True)
            for number, (height, width) in enumerate(shapes.tolist()):
                alike = np.flatnonzero(shape_of.ravel() == number)
                found[places[within[alike]]] = _resized(images[alike, :, :height, :width], side)
    return found


def _pieces(lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Places in order, so many at a time that their pixels stay few."""
    number = np.maximum((np.cumsum(lengths) - lengths) // AT_ONCE, np.arange(len(lengths)) // IMAGES_AT_ONCE)
    yield from np.split(np.arange(len(lengths)), np.flatnonzero(np.diff(number)) + 1) if len(lengths) else ()


def _resized(images: Tensor, side: int) -> Tensor:
    if images.shape[-2:] == (side, side):
        return images
    size = (side, side)
    seen = functional.interpolate(images.float(), size, mode="bilinear", antialias=True, align_corners=False)
    return seen.round_().clamp_(0, 255).to(torch.uint8)
