"""Test-time views: the ways in which an image is shown to a model whose logits are then averaged."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Views = Literal["none", "flip", "flip_shift", "shift"]


@dataclass(frozen=True)
class View:
    """A view of a batch.

    Attributes:
        weight: of what is said of it, in the average.
        images: (B, 3, H, W).
        shift: pixels down and to the right by which it shows the images moved.
        mirrored: whether it shows them so moved and then mirrored.
    """

    weight: float
    images: Tensor
    shift: int = 0
    mirrored: bool = False

    def turned_back(self, maps: Tensor) -> Tensor:
        """Maps (B, K, H, W) of the view, each value at the pixel of the image that it is about; zeros where none is."""
        maps = maps.flip(3) if self.mirrored else maps
        if not self.shift:
            return maps
        moved = torch.zeros_like(maps)
        inside, cut = slice(abs(self.shift), None), slice(None, -abs(self.shift))
        to, of = (cut, inside) if self.shift > 0 else (inside, cut)
        moved[:, :, to, to] = maps[:, :, of, of]
        return moved


def views(images: Tensor, kind: Views) -> Iterator[View]:
    """Each view of a batch; the weights sum to one.

    `flip` adds the mirror image. `flip_shift` adds one pixel up and left and one down and right, what lies beyond the
    edge mirrored, and of both the mirror image; the unshifted half counts as much as the shifted one (Jordan 2024).
    `shift` leaves the mirror images out, for what a mirror makes another thing.

    Args:
        images: (B, 3, H, W), normalised.
        kind: which views.
    """
    if kind == "none":
        yield View(1.0, images)
        return
    placed = [View(1.0 if kind == "flip" else 0.5, images)]
    if kind != "flip":
        placed += [View(0.25, moved, shift) for shift, moved in _diagonally(images)]
    for place in placed:
        if kind == "shift":
            yield place
        else:
            yield View(place.weight / 2, place.images, place.shift)
            yield View(place.weight / 2, place.images.flip(3), place.shift, mirrored=True)


def view_count(kind: Views) -> int:
    """How many views of an image are averaged."""
    return sum(1 for _ in views(torch.zeros(1, 3, 4, 4), kind))


def _diagonally(images: Tensor) -> list[tuple[int, Tensor]]:
    """Moved by a pixel down and right, and up and left."""
    height, width = images.shape[2:]
    wider = F.pad(images, (1, 1, 1, 1), mode="reflect" if min(height, width) > 1 else "replicate")
    return [(1 - start, wider[:, :, start : start + height, start : start + width]) for start in (0, 2)]
