"""From a store of images to the pairs of near copies among them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.data.gate.duplicates.alignment import luma, slopes
from sightline.data.gate.duplicates.candidates import candidates
from sightline.data.gate.duplicates.descriptors import SIDE
from sightline.data.gate.duplicates.thumbnails import thumbnails
from sightline.data.gate.duplicates.verdicts import CONTRAST, judged
from sightline.data.store.image_store import ImageStore

LEAST_SIDE: Final = 16
"""Pixels of the shorter side below which unlike images may agree in all that there is to see."""

ONE_DIRECTION: Final = 0.05
"""Squared slopes across the strongest direction over those along it: of 20,000 images of CIFAR-10 the least is .064,
of handwritten ones that lie on each other, one excepted, the largest .042."""

MOST: Final = 500_000
"""Images among which near copies are looked for: thumbnails take 1.5 GB, products some 25 minutes of a slow core."""

MOST_FOR_CROPS: Final = 100_000
"""Likewise with crops, which take eight times as many products: some 8 minutes of a slow core at this number."""


class NearPair(NamedTuple):
    """Two contents that are near copies of each other.

    Attributes:
        one: the hash of a content.
        other: likewise, the greater of both.
        kind: in what way they differ, in words.
        apart: root mean square of their difference once aligned, in levels of 255.
    """

    one: str
    other: str
    kind: str
    apart: float


@dataclass(frozen=True)
class NearCopies:
    """The near copies among images, and what was not looked for.

    Attributes:
        pairs: in the order of their hashes; equal contents are no pairs of these.
        left_out: what was not looked for and why, in words.
    """

    pairs: tuple[NearPair, ...] = ()
    left_out: tuple[str, ...] = ()


NO_NEAR_COPIES: Final = NearCopies()


def near_copies(store: ImageStore, rows: NDArray[np.int64]) -> NearCopies:
    """Look for pairs of images that are copies: saved anew, resized, mirrored, cropped, or of other brightness.

    What is found is a function of the images alone, not of their order.

    Args:
        store: of the images.
        rows: (n,) those that are looked at; all are readable.
    """
    names, places = np.unique(np.array([store.facts.hashes[row] for row in rows], dtype=np.str_), return_index=True)
    rows, left_out = rows[places], []
    is_small = store.index.shapes[rows].min(axis=1, initial=LEAST_SIDE) < LEAST_SIDE
    if is_small.any():
        left_out.append(f"{_counted(int(is_small.sum()), 'image')} below {LEAST_SIDE} px, too small to tell")
    rows, names = rows[~is_small], names[~is_small]
    if len(rows) > MOST:
        return NearCopies((), (*left_out, f"more than {MOST:,} images: none was compared"))
    if len(rows) < 2:
        return NearCopies((), tuple(left_out))
    images = thumbnails(store, rows, SIDE)
    bare = _is_bare(images)
    if bare.any():
        left_out.append(f"{_counted(int(bare.sum()), 'image')} nearly flat, or of stripes alone")
        rows, names, images = rows[~bare], names[~bare], images[torch.from_numpy(~bare)]
    crops = len(rows) <= MOST_FOR_CROPS
    if not crops:
        left_out.append(f"crops, among more than {MOST_FOR_CROPS:,} images")
    proposed, crowded = candidates(images, crops=crops)
    if crowded.any():
        left_out.append(f"all but the likeliest copies of {_counted(int(crowded.sum()), 'image')} that many are like")
    pairs, kinds, apart = judged(proposed, images, store, rows)
    first, second = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    found = [
        NearPair(str(names[one]), str(names[other]), kind, float(far))
        for one, other, kind, far in zip(first, second, kinds, apart, strict=True)
    ]
    return NearCopies(tuple(sorted(found)), tuple(left_out))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _is_bare(images: torch.Tensor) -> NDArray[np.bool_]:
    """(n,) whether images have hardly any contrast, or edges of one direction: then unlike ones lie on each other."""
    found = []
    for piece in torch.split(images, 4096):  # which keeps memory small
        values = piece.float()
        across, down = slopes(luma(values))
        squares = [(one * other).mean(dim=(1, 2, 3)) for one, other in ((across, across), (across, down), (down, down))]
        middle, half = (squares[0] + squares[2]) / 2, ((squares[0] - squares[2]) / 2).square() + squares[1].square()
        weaker, stronger = middle - half.sqrt(), middle + half.sqrt()
        flat = values.flatten(2).std(dim=2, correction=0).amax(dim=1) < CONTRAST
        found.append(flat | (weaker < ONE_DIRECTION * stronger))
    return torch.cat(found).numpy()
