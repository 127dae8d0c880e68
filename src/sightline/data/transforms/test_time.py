"""Test-time views: the ways in which an image is shown to a model whose logits are then averaged."""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Views = Literal["none", "flip", "flip_shift", "shift"]


def views(images: Tensor, kind: Views) -> Iterator[tuple[float, Tensor]]:
    """Each view of a batch and the weight of its logits in the average; the weights sum to one.

    `flip` adds the mirror image. `flip_shift` adds one pixel up and left and one down and right, what lies beyond the
    edge mirrored, and of both the mirror image; the unshifted half counts as much as the shifted one (Jordan 2024).
    `shift` leaves the mirror images out, for what a mirror makes another thing.

    Args:
        images: (B, 3, H, W), normalised.
        kind: which views.
    """
    if kind == "none":
        yield 1.0, images
        return
    placed = [(1.0, images)] if kind == "flip" else [(0.5, images), *((0.25, moved) for moved in _diagonally(images))]
    for weight, place in placed:
        if kind == "shift":
            yield weight, place
        else:
            yield weight / 2, place
            yield weight / 2, place.flip(3)


def view_count(kind: Views) -> int:
    """How many views of an image are averaged."""
    return sum(1 for _ in views(torch.zeros(1, 3, 4, 4), kind))


def _diagonally(images: Tensor) -> list[Tensor]:
    height, width = images.shape[2:]
    wider = F.pad(images, (1, 1, 1, 1), mode="reflect")
    return [wider[:, :, start : start + height, start : start + width] for start in (0, 2)]
