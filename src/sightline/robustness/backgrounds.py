"""Objects on the ground of other images, as Xiao et al. (2021) test what a label owes to the ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.randomness import words
from sightline.robustness.corruptions.draws import counter_of
from sightline.robustness.corruptions.linear import folded

VERSION: Final = 1
"""Of the pixels; what was measured on others is measured anew."""
LEAST: Final = 1 / 8
"""Of a side: a narrower strip of an image is no ground for another."""
Kind = Literal["same", "rand"]
KINDS: Final[tuple[Kind, ...]] = ("same", "rand")
"""The ground of another image of the same class, which is the control, or of an image of any other class."""

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Strip:
    """A part of an image with nothing but ground: what lies on one side of the box around all else.

    Attributes:
        top: its first row.
        left: its first column.
        height: rows.
        width: columns.
    """

    top: int
    left: int
    height: int
    width: int

    def filled(self, image: Tensor) -> Tensor:
        """(3, H, W) the strip where it lies, and mirrored at its edges until the image is full."""
        rows, columns = (
            torch.from_numpy(first + folded(np.arange(side) - first, length, "reflect"))
            for first, length, side in zip(
                (self.top, self.left), (self.height, self.width), image.shape[1:], strict=True
            )
        )
        return image[:, rows][:, :, columns]


def strip_of(ground: Flags) -> Strip | None:
    """The largest strip beside the box around what is no ground; None where none is wide enough.

    Args:
        ground: (H, W) whether a pixel is ground.
    """
    height, width = ground.shape
    down, across = np.flatnonzero(~ground.all(axis=1)), np.flatnonzero(~ground.all(axis=0))
    if not len(down):
        return Strip(0, 0, height, width)
    top, bottom, left, right = int(down[0]), int(down[-1]) + 1, int(across[0]), int(across[-1]) + 1
    strips = [
        Strip(0, 0, top, width),
        Strip(bottom, 0, height - bottom, width),
        Strip(0, 0, height, left),
        Strip(0, right, height, width - right),
    ]
    wide = [one for one in strips if one.height >= LEAST * height and one.width >= LEAST * width]
    return max(wide, key=lambda one: one.height * one.width, default=None)


def partners(ids: Sequence[str], labels: Ints, shapes: Ints, grounds: Flags, kind: Kind, seed: int) -> Ints:
    """(n,) whose ground each image gets, drawn by its own id; -1 where there is none.

    Args:
        ids: of n images.
        labels: (n,) their classes, negative where not known.
        shapes: (n,) a number for each height and width; partners have the same.
        grounds: (n,) which have a strip of ground.
        kind: of the partner.
        seed: of the draw.
    """
    counters = np.array([counter_of(one) for one in ids], dtype=np.int64)
    drawn = words(seed, 0, counters, 1, f"background/{kind}")[:, 0]
    found = np.full(len(ids), -1)
    for row, label in enumerate(labels.tolist()):
        alike = labels == label
        fits = grounds & (alike if kind == "same" else ~alike) & (labels >= 0) & (shapes == shapes[row])
        fits[row] = False
        rows = np.flatnonzero(fits)
        if label >= 0 and len(rows):
            found[row] = rows[int(drawn[row] % np.uint64(len(rows)))]
    return found


def pasted(image: Tensor, inside: Tensor, other: Tensor, strip: Strip) -> Tensor:
    """An object on the ground of another image.

    Args:
        image: uint8 (3, H, W).
        inside: (H, W) which of its pixels are the object.
        other: uint8 (3, H, W).
        strip: of its ground.
    """
    return torch.where(inside, image, strip.filled(other))
