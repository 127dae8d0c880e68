"""Which pairs of images may be copies: every pair is looked at, by a product of matrices, a block at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.gate.duplicates.descriptors import (
    STEP,
    WHOLE,
    WINDOWS,
    Window,
    descriptors,
    mirrored,
    moved,
    unit,
)
from sightline.machine.signals import check_stop

ALIKE: Final = 0.87
"""The least product of two descriptors."""

ALIKE_MOVED: Final = 0.97
"""The least one once the window may move by up to `FURTHEST` steps: true crops reach .98."""

FURTHEST: Final = 2.5
RIDGE: Final = 0.03
"""Share of their own size by which moves are held back: they are small, or else they explain everything."""

MOST_TRIED: Final = 1000
"""Images, mirrored ones apart, that are tried with a window of one: the likeliest. In CIFAR-10 83 of 22,500 were it."""

MOST_JUDGED: Final = 50
"""Images that pixels are asked about for one: the likeliest. Where all are alike, time and memory stay bounded."""

QUERIES: Final = 512
BLOCK: Final = 2048
AT_ONCE: Final = 8192
"""Pairs whose moves are solved at once."""


@dataclass(frozen=True)
class Candidates:
    """Pairs that pixels decide about.

    Attributes:
        first: (m,) positions of the images that a window is taken of.
        second: (m,) positions of those that may be copies of it.
        is_mirrored: (m,) whether the second must be turned from left to right first.
        boxes: (m, 4) the window in the first, as `Window`.
        likeness: (m,) products of the descriptors.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    is_mirrored: NDArray[np.bool_]
    boxes: NDArray[np.float32]
    likeness: NDArray[np.float32]

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Self:
        """Those at these places."""
        return type(self)(*(getattr(self, name)[places] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All of several."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def best(self) -> Self:
        """The likeliest of each pair, whichever of both comes first."""
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        order = np.lexsort((-self.likeness, high, low))
        pairs = np.stack([low[order], high[order]])
        is_new = np.ones(len(order), dtype=bool)
        is_new[1:] = (np.diff(pairs, axis=1) != 0).any(axis=0)
        return self.take(order[is_new])


def candidates(images: Tensor, *, crops: bool) -> tuple[Candidates, NDArray[np.bool_]]:
    """Pairs of images that may be copies of each other, each once.

    Of n images it takes n² · 32 multiplications for whole images and their mirrors, 8 n² · 32 more for crops.

    Args:
        images: (n, 3, 32, 32) uint8 thumbnails.
        crops: whether parts of one may be the other.

    Returns:
        The pairs, and an (n,) mask of images that so many are like that only the likeliest of these are among them.
    """
    whole = descriptors(images)
    found, crowded = [_none()], np.zeros(len(images), dtype=bool)
    for window in (WHOLE, *(WINDOWS if crops else ())):
        queries = whole if window == WHOLE else descriptors(images, window)
        for is_mirrored, keys in ((False, whole), (True, mirrored(whole))):
            for first, second, products in _alike(queries, keys, ordered=window == WHOLE):
                tried = _likeliest(first.numpy(), products.numpy(), MOST_TRIED)
                crowded[first.numpy()[~tried]] = True
                kept = torch.from_numpy(tried)
                found.append(_held(images, window, is_mirrored, first[kept], second[kept], keys))
    pairs = Candidates.joined(found).best()
    is_asked = _likeliest(pairs.first, pairs.likeness, MOST_JUDGED)
    is_asked |= _likeliest(pairs.second, pairs.likeness, MOST_JUDGED)
    crowded[pairs.first[~is_asked]] = True
    crowded[pairs.second[~is_asked]] = True
    return pairs.take(is_asked), crowded


def _alike(queries: Tensor, keys: Tensor, *, ordered: bool) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Positions (m,) of queries and of keys whose product is large, and it; of ordered ones the query comes first.

    Of a query there are at least the `MOST_TRIED` + 1 likeliest, where there are so many.
    """
    room = torch.empty(QUERIES * BLOCK)  # taken once: fresh memory costs as much as the products
    for start in range(0, len(queries), QUERIES):
        check_stop()
        block = queries[start : start + QUERIES]
        hits, likeness = [], []
        for begin in range(BLOCK * (start // BLOCK) if ordered else 0, len(keys), BLOCK):
            against = keys[begin : begin + BLOCK].T
            products = room[: len(block) * against.shape[1]].view(len(block), -1)
            torch.mm(block, against, out=products)
            if ordered and begin < start + len(block):
                products.triu_(start - begin + 1)
            rows = torch.nonzero(products.amax(dim=1) > ALIKE).flatten()
            places, values = _large(products[rows])
            hits.append(torch.stack([start + rows[places[:, 0]], begin + places[:, 1]]))
            likeness.append(values)
        first, second = torch.cat(hits, dim=1)
        kept = first != second
        if kept.any():
            yield first[kept], second[kept], torch.cat(likeness)[kept]


def _large(products: Tensor) -> tuple[Tensor, Tensor]:
    """Places (m, 2) of products above `ALIKE`, and these; of a row that has very many its largest alone."""
    above = products > ALIKE
    enough = MOST_TRIED + 2  # one that is passed over, and the image itself
    if len(products) and products.shape[1] > enough and int(above.sum(dim=1).amax()) > enough:
        above &= products >= products.topk(enough, dim=1).values[:, -1:]
    return torch.nonzero(above), products[above]


def _likeliest(of: NDArray[np.int64], likeness: NDArray[np.float32], most: int) -> NDArray[np.bool_]:
    """(m,) whether a pair is among so many likeliest of its image."""
    order = np.lexsort((-likeness, of))
    begins = np.flatnonzero(np.diff(of[order], prepend=-1))
    rank = np.arange(len(of)) - np.repeat(begins, np.diff(begins, append=len(of)))
    found = np.empty(len(of), dtype=bool)
    found[order] = rank < most
    return found


def _held(images: Tensor, window: Window, is_mirrored: bool, first: Tensor, second: Tensor, keys: Tensor) -> Candidates:
    """Those of some pairs that are alike enough once the window may move a little."""
    parts = []
    for start in range(0, len(first), AT_ONCE):
        one, other = first[start : start + AT_ONCE], second[start : start + AT_ONCE]
        asked, place = torch.unique(one, return_inverse=True)
        likeness, steps = _best_moves(moved(images[asked], window)[place], keys[other])
        kept = likeness > ALIKE_MOVED
        parts.append(
            Candidates(
                one[kept].numpy(),
                other[kept].numpy(),
                np.full(int(kept.sum()), is_mirrored),
                _boxes(window, STEP * steps[kept]).numpy(),
                likeness[kept].numpy(),
            )
        )
    return Candidates.joined(parts)


def _best_moves(moves: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """The products with the keys at the best moves (least squares), and these: (m, 3) in steps.

    Args:
        moves: (m, 4, d), see `moved`.
        keys: (m, d) of unit length.
    """
    squares = moves @ moves.transpose(1, 2)
    own = squares.diagonal(dim1=1, dim2=2)
    held = torch.tensor([1e-6, RIDGE, RIDGE, RIDGE]) * own + 1e-6
    solved = torch.linalg.solve(squares + torch.diag_embed(held), (moves @ keys[..., None]))[..., 0]
    steps = (solved[:, 1:] / solved[:, :1].clamp_min(1e-6)).clamp(-FURTHEST, FURTHEST)
    reached = moves[:, 0] + (steps[:, None, :] @ moves[:, 1:])[:, 0]
    return (unit(reached) * keys).sum(dim=1), steps


def _boxes(window: Window, by: Tensor) -> Tensor:
    """A window moved (m, 3) to the right, down, and inwards from all sides."""
    right, down, inwards = by.unbind(dim=1)
    left, upper, width, height = window
    sides = [left + right + inwards, upper + down + inwards, width - 2 * inwards, height - 2 * inwards]
    return torch.stack(sides, dim=1)


def _none() -> Candidates:
    empty = np.zeros(0, dtype=np.int64)
    return Candidates(empty, empty, empty.astype(bool), np.zeros((0, 4), np.float32), empty.astype(np.float32))
