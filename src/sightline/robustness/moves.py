"""Small shifts and rotations of images and of their masks, in whole numbers: no batch and no machine changes a bit.

What comes into view is the image mirrored at its edges; in masks it is marked as outside.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.robustness.corruptions.linear import folded

VERSION: Final = 1
"""Of the pixels that moves make; what was measured on others is measured anew."""
FINE: Final = 20
"""Bits of sines and cosines."""
PART: Final = 8
"""Bits of a place between two pixels."""
AT_ONCE: Final = 2**19
"""Pixels that are turned together; no pixel depends on it."""

Ints = NDArray[np.int64]


class Move(Protocol):
    """Something that moves what an image shows."""

    def images(self, images: Tensor) -> Tensor:
        """Of uint8 (B, 3, H, W) the same shape, moved."""

    def masks(self, masks: Tensor, outside: int) -> Tensor:
        """Of whole numbers (B, H, W) the same shape, moved alike; `outside` stands where the image did not reach."""


@dataclass(frozen=True)
class Translation:
    """By whole pixels.

    Attributes:
        down: pixels, up where negative.
        across: pixels to the right, to the left where negative.
    """

    down: int
    across: int

    def images(self, images: Tensor) -> Tensor:
        """See `Move`."""
        rows, columns = (
            torch.from_numpy(folded(places, side, "reflect")).to(images.device)
            for places, side in zip(self._sources(images), images.shape[-2:], strict=True)
        )
        return images[:, :, rows][:, :, :, columns]

    def masks(self, masks: Tensor, outside: int) -> Tensor:
        """See `Move`."""
        rows, columns = self._sources(masks)
        down, across = np.broadcast_arrays(rows[:, None], columns)
        return _taken(masks, down, across, outside)

    def _sources(self, images: Tensor) -> tuple[Ints, Ints]:
        """(H,) and (W,) the rows and columns that each place shows."""
        height, width = images.shape[-2:]
        return np.arange(height) - self.down, np.arange(width) - self.across


@dataclass(frozen=True)
class Rotation:
    """About the middle, anticlockwise; images linearly between pixels, masks by the nearest one.

    Attributes:
        degrees: clockwise where negative.
    """

    degrees: int

    def images(self, images: Tensor) -> Tensor:
        """See `Move`."""
        count = max(1, AT_ONCE // max(1, images.shape[2] * images.shape[3]))
        parts = [self._turned(images[start : start + count]) for start in range(0, len(images), count)]
        return torch.cat(parts) if parts else images

    def masks(self, masks: Tensor, outside: int) -> Tensor:
        """See `Move`."""
        rows, columns = ((places + 2 ** (PART - 1)) >> PART for places in self._sources(masks))
        return _taken(masks, rows, columns, outside)

    def _turned(self, images: Tensor) -> Tensor:
        """The mean of four neighbours, weighed in whole numbers that sum to 2^16."""
        (rows, columns), whole = self._sources(images), 2**PART
        total = torch.zeros(images.shape, dtype=torch.int32, device=images.device)
        for down in (0, 1):
            for across in (0, 1):
                weights = [
                    np.where(step == 1, places & (whole - 1), whole - (places & (whole - 1)))
                    for places, step in ((rows, down), (columns, across))
                ]
                at = [
                    torch.from_numpy(folded((places >> PART) + step, side, "reflect")).to(images.device)
                    for places, step, side in zip((rows, columns), (down, across), images.shape[-2:], strict=True)
                ]
                weight = torch.from_numpy((weights[0] * weights[1]).astype(np.int32)).to(images.device)
                total += images[:, :, at[0], at[1]].int() * weight
        half = 1 << (2 * PART - 1)
        return ((total + half) >> (2 * PART)).to(torch.uint8)

    def _sources(self, images: Tensor) -> tuple[Ints, Ints]:
        """(H, W) the row and the column that each place shows, in steps of 2^-`PART` pixels."""
        height, width = images.shape[-2:]
        angle = math.radians(self.degrees)
        sine, cosine = (round(2**FINE * of(angle)) for of in (math.sin, math.cos))
        down = 2 * np.arange(height, dtype=np.int64)[:, None] - (height - 1)
        across = 2 * np.arange(width, dtype=np.int64) - (width - 1)
        shift = FINE + 1 - PART
        found = [
            (along + (side - 1) * 2**FINE + 2 ** (shift - 1)) >> shift
            for along, side in ((sine * across + cosine * down, height), (cosine * across - sine * down, width))
        ]
        return found[0], found[1]


MOVES: Final[Mapping[str, int]] = {"shift": 4, "rotation": 2}
"""The kinds of moves, and how many ways each goes."""


def moves_of(kind: str, size: int) -> tuple[Move, ...]:
    """Every way of moving so far: a shift up, down, left and right, a rotation both ways."""
    if kind == "rotation":
        return Rotation(size), Rotation(-size)
    return Translation(-size, 0), Translation(size, 0), Translation(0, -size), Translation(0, size)


def _taken(masks: Tensor, rows: Ints, columns: Ints, outside: int) -> Tensor:
    """What masks hold at (H, W) places, and `outside` for those beyond the edges."""
    height, width = masks.shape[-2:]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    at = (np.where(inside, places, 0) for places in (rows, columns))
    down, across = (torch.from_numpy(places).to(masks.device) for places in at)
    return masks[:, down, across].masked_fill(~torch.from_numpy(inside).to(masks.device), outside)
