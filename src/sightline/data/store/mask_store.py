"""Masks ready for batches, by the rows of their images."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.store.image_store import ImageStore


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
        """What was in the mask files of images of these rows; None where there is none."""
        return tuple(None if row < 0 else self.store.facts.hashes[row] for row in self.rows[rows].tolist())
