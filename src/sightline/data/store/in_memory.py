"""Images and masks that a source holds in memory, reduced as those in files are."""

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.data.reduction import Reduction
from sightline.data.store.decode import IMAGE_CHANNELS, content_hash
from sightline.data.store.decode_mask import MASK_CHANNELS, fitted
from sightline.data.store.entries import Entry, channel_sums
from sightline.data.store.image_store import MemoryStore
from sightline.data.store.index import Index

Array = NDArray[np.uint8]


def images_in_memory(pixels: Array | Sequence[Array], reduction: Reduction) -> MemoryStore:
    """A store of images (height, width, 3); their hashes are of the pixels.

    Args:
        pixels: of each image.
        reduction: see `open_store`.
    """
    entries, stored = [], []
    for image in pixels:
        height, width = image.shape[:2]
        whole = reduction.stored(width, height) == (width, height)
        seen = image if whole else np.asarray(reduction.apply(Image.fromarray(image)))
        stored.append(np.ascontiguousarray(seen.transpose(2, 0, 1)))
        entries.append(_entry(image, stored[-1], "RGB"))
    return _store(entries, stored, IMAGE_CHANNELS)


def masks_in_memory(masks: Mapping[int, Array], images: Index) -> MemoryStore:
    """A store of masks (height, width) of class ids.

    Args:
        masks: by the rows of their images, as large as these.
        images: what is known of the images.
    """
    entries, stored = [], []
    for row, mask in masks.items():
        height, width = images.shapes[row].tolist()
        stored.append(np.array(fitted(Image.fromarray(mask), (height, width)))[None])
        entries.append(_entry(mask, stored[-1], "L"))
    return _store(entries, stored, MASK_CHANNELS)


def _entry(original: Array, stored: Array, mode: str) -> Entry:
    """What is known of an image or mask.

    Args:
        original: (h, w) or (h, w, c).
        stored: (c, h, w).
        mode: in Pillow's words.
    """
    (height, width), (_, stored_height, stored_width) = original.shape[:2], stored.shape
    sums = channel_sums(stored.reshape(len(stored), -1))
    digest = content_hash(np.ascontiguousarray(original).tobytes())
    return Entry(digest, width, height, mode, stored_height, stored_width, sums, None, zlib.crc32(stored.data))


def _store(entries: Sequence[Entry], stored: Sequence[Array], channels: int) -> MemoryStore:
    flat = [array.reshape(-1) for array in stored]
    return MemoryStore(Index.of(entries, channels), np.concatenate(flat) if flat else np.zeros(0, dtype=np.uint8))
