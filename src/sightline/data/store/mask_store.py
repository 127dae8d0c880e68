"""Masks ready for batches, by the rows of their images."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.store.image_store import ImageStore

COUNTED_AT_ONCE = 64
"""Masks whose pixels are counted together."""


@dataclass(frozen=True, eq=False)
class MaskStore:
    """The masks of a source, each in the shape in which its image is stored.

    Attributes:
        name: of the target.
        store: the masks that there are.
        rows: (n,) the row in `store` of the mask of each image, or -1.
        ignore_index: what stands where no mask is: around those of smaller images, and for images without any.
    """

    name: str
    store: ImageStore
    rows: NDArray[np.int64]
    ignore_index: int

    @property
    def is_io_bound(self) -> bool:
        """Whether reading a batch waits for a disk or for other processes."""
        return self.store.is_io_bound

    def batch(self, rows: NDArray[np.int64], height: int, width: int) -> Tensor:
        """The masks of images of these rows, uint8 (B, height, width), the ignore index where there is none.

        Args:
            rows: of the images.
            height: of the batch of images, padded at the bottom and at the right.
            width: likewise.
        """
        own = self.rows[rows]
        present = np.flatnonzero(own >= 0)
        masks, sizes = self.store.batch(own[present])
        if len(present) == len(rows) and bool((sizes == torch.tensor((height, width))).all()):
            return masks[:, 0]
        filled = torch.full((len(rows), height, width), self.ignore_index, dtype=torch.uint8)
        for place, mask, (high, wide) in zip(present.tolist(), masks[:, 0], sizes.tolist(), strict=True):
            filled[place, :high, :wide] = mask[:high, :wide]
        return filled

    def hashes(self, rows: NDArray[np.int64]) -> tuple[str | None, ...]:
        """What was in the masks of images of these rows; None where there is none that can be used."""
        facts = self.store.facts
        return tuple(None if row < 0 or row in facts.errors else facts.hashes[row] for row in self.rows[rows].tolist())

    @property
    def errors(self) -> dict[int, str]:
        """Why a mask cannot be used, by the row of its image."""
        found = self.store.facts.errors
        return {row: found[own] for row, own in enumerate(self.rows.tolist()) if own in found}

    def pixel_counts(self, classes: int) -> NDArray[np.int64]:
        """(n, classes + 1) how many pixels of the mask of each image are of each class, and how many do not count.

        Images without a mask have none of either; masks are counted as they are stored.
        """
        counts = np.zeros((len(self.rows), classes + 1), dtype=np.int64)
        rows = np.flatnonzero(self.rows >= 0)
        for start in range(0, len(rows), COUNTED_AT_ONCE):
            some = rows[start : start + COUNTED_AT_ONCE]
            for places, masks, sizes in self.store.batches(self.rows[some]):
                for row, mask, (height, width) in zip(some[places], masks[:, 0].numpy(), sizes.tolist(), strict=True):
                    found = np.bincount(mask[:height, :width].ravel(), minlength=256)
                    counts[row] = [*found[:classes], found[self.ignore_index] if self.ignore_index >= classes else 0]
        return counts
