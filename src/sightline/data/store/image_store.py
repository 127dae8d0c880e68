"""Images ready for batches: 8-bit pixels in memory, in a file, or (in `stream`) decoded for every batch."""

import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.store.index import ImageFacts, Index
from sightline.data.store.padding import little_padded
from sightline.errors import RunFailedError

Pixels = NDArray[np.uint8]


class ImageStore(ABC):
    """Images, or masks, by row; any number of threads may ask for batches.

    Args:
        index: what is known of each of the n images.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        readable = index.shapes[index.lengths > 0]
        self._range = (readable.min(axis=0), readable.max(axis=0)) if len(readable) else (np.zeros(2, np.int32),) * 2

    @property
    def facts(self) -> ImageFacts:
        """What decoding found out about each image."""
        return self.index.facts

    @property
    def channels(self) -> int:
        """Of every stored image."""
        return self.index.channels

    @property
    def uniform(self) -> bool:
        """Whether all readable images are stored in one shape."""
        return bool((self._range[0] == self._range[1]).all())

    def __len__(self) -> int:
        return len(self.index)

    def shape_range(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Smallest and largest height and width of the stored images, zeros where there are none."""
        low, high = self._range
        return (int(low[0]), int(low[1])), (int(high[0]), int(high[1]))

    def batch(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Images of these rows, as uint8 (B, C, H, W), and their (B, 2) int32 heights and widths.

        Where shapes differ, zeros fill each image up to the largest, at its right and bottom.

        Raises:
            RunFailedError: an image that could be read before no longer can.
        """
        sizes = self.index.shapes[rows]
        shape = (len(sizes), self.channels, *sizes.max(axis=0, initial=1).tolist())
        filled = bool((sizes == shape[2:]).all())
        images = np.empty(shape, dtype=np.uint8) if filled else np.zeros(shape, dtype=np.uint8)
        self._read(rows, images)
        return torch.from_numpy(images), torch.from_numpy(sizes)

    def batches(self, rows: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Tensor, Tensor]]:
        """As `batch`, some at a time where their shapes are so unlike that padding would take more than they do.

        Yields:
            The places (m,) in `rows`, the images and their sizes.
        """
        for places in little_padded(self.index.shapes[rows]):
            yield places, *self.batch(rows[places])

    @property
    def is_io_bound(self) -> bool:
        """Whether reading a batch waits for a disk or for other processes."""
        return True

    @abstractmethod
    def _read(self, rows: NDArray[np.int64], images: Pixels) -> None:
        """Write the pixels of these rows into the upper left corners of (B, C, H, W)."""


class MemoryStore(ImageStore):
    """Pixels in memory.

    Args:
        index: of the images.
        pixels: flat: (channels, height, width) of each image after the other.
    """

    def __init__(self, index: Index, pixels: Pixels) -> None:
        super().__init__(index)
        self._pixels = pixels
        self._offsets = np.cumsum(index.lengths) - index.lengths

    @property
    def is_io_bound(self) -> bool:
        """Never: it copies from memory."""
        return False

    def _read(self, rows: NDArray[np.int64], images: Pixels) -> None:
        if self.uniform and (self.index.lengths[rows] > 0).all():
            # All of one length: one gather, several times as quick as a copy after the other.
            places = self._offsets[rows] // images[:1].size
            np.take(self._pixels.reshape(-1, *images.shape[1:]), places, axis=0, out=images, mode="clip")
            return
        for image, row in zip(images, rows, strict=True):
            height, width = self.index.shapes[row]
            start = self._offsets[row]
            stored = self._pixels[start : start + self.index.lengths[row]]
            image[:, :height, :width] = stored.reshape(self.channels, height, width)


class DiskStore(ImageStore):
    """Pixels in a file, of which no more is in memory than the batch that was asked for.

    Rows are read, not mapped: mapped pages count as this process's own memory for as long as they stay in the cache,
    and told beforehand which rows will be read, a disk is two to four times as quick. Each is held against its checksum
    when it is read for the first time.

    Args:
        index: of the images.
        path: of the flat file.
    """

    def __init__(self, index: Index, path: Path) -> None:
        super().__init__(index)
        self._path = path
        self._offsets = np.cumsum(index.lengths) - index.lengths
        self._verified = np.zeros(len(index), dtype=bool)
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)

    def _read(self, rows: NDArray[np.int64], images: Pixels) -> None:
        starts, lengths = self._offsets[rows].tolist(), self.index.lengths[rows].tolist()
        if hasattr(os, "posix_fadvise"):
            # The disk can work on all of them at once, while they are read one after the other.
            for start, length in zip(starts, lengths, strict=True):
                os.posix_fadvise(self._descriptor, start, length, os.POSIX_FADV_WILLNEED)
        for image, row, start, length in zip(images, rows, starts, lengths, strict=True):
            if length == image.size:
                self._fetch(row, start, image)
            elif length:
                height, width = self.index.shapes[row]
                stored = np.empty((self.channels, height, width), dtype=np.uint8)
                self._fetch(row, start, stored)
                image[:, :height, :width] = stored

    def _fetch(self, row: int, start: int, into: Pixels) -> None:
        """Read an image, and ask its checksum the first time."""
        try:
            count = os.preadv(self._descriptor, [into.data], start)
        except OSError as error:
            raise RunFailedError(f"decoded images cannot be read from {self._path}: {error.strerror}") from error
        if count != into.size:
            raise RunFailedError(f"decoded images in {self._path} end too early: was the file cut while in use?")
        if not self._verified[row]:
            if not self.index.is_stored(row, into):
                remedy = f"remove the folder {self._path.parent}, and the same command decodes them anew"
                raise RunFailedError(f"decoded images in {self._path} are damaged; {remedy}")
            self._verified[row] = True
