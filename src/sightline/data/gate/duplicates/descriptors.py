"""Thirty-two numbers an image, which brightness and contrast leave alone, and which a mirror image gives at once.

They are the lowest frequencies of brightness and of two colour differences, as an orthogonal cosine transform has them.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SIDE: Final = 32
"""Of the thumbnails that descriptors are made of."""

CROP: Final = 0.88
"""The share of a side that the windows keep; what keeps from 82 to 94 % of one lies close enough to one of them."""

STARTS: Final = (0.25, 0.75)
"""Where windows begin, on both axes, in shares of what is cut off: none lies further than a quarter of it away."""

Window = tuple[float, float, float, float]
"""The left and the upper edge, the width and the height of a part of an image, in shares of its sides."""

WHOLE: Final[Window] = (0.0, 0.0, 1.0, 1.0)
WINDOWS: Final[tuple[Window, ...]] = tuple(((1 - CROP) * x, (1 - CROP) * y, CROP, CROP) for y in STARTS for x in STARTS)

BRIGHTNESS: Final = tuple((v, u) for v in range(5) for u in range(5) if u or v)
COLOUR: Final = tuple((v, u) for v in range(2) for u in range(2))
COLOUR_WEIGHT: Final = 1.0
"""Beside brightness: colours tell unlike images apart, but printing and saving change them more."""

POWER: Final = 0.5
"""Of a frequency, by which it is raised: natural images have half the amplitude at twice the frequency."""

LUMA: Final = (0.299, 0.587, 0.114)
STEP: Final = 0.015
PIECE: Final = 4096
"""Images at once; their float32 values stay small."""


def descriptors(images: Tensor, window: Window = WHOLE) -> Tensor:
    """Of (n, 3, 32, 32) uint8 thumbnails, or of a window of each: (n, 32) float32 of unit length."""
    return unit(torch.cat([piece.flatten(1).float() @ _map(window) for piece in torch.split(images, PIECE)]))


def moved(images: Tensor, window: Window) -> Tensor:
    """How descriptors change with the window: (n, 4, 32), as they are, to the right, down, and into the image.

    The first is of no unit length; the others are changes for `STEP` of a side.
    """
    made: Tensor = torch.einsum("np,kpd->nkd", images.flatten(1).float(), _moves(window))
    return made


@lru_cache
def _moves(window: Window) -> Tensor:
    """The linear maps of `moved`, (4, 3 * 32 * 32, 32)."""
    left, upper, width, height = window
    maps = [_map(window)]
    for x, y, inwards in ((1, 0, 0), (0, 1, 0), (1, 1, 2)):
        ends = [_map((left + s * x, upper + s * y, width - s * inwards, height - s * inwards)) for s in (STEP, -STEP)]
        maps.append((ends[0] - ends[1]) / 2)
    return torch.stack(maps)


def unit(made: Tensor) -> Tensor:
    """At length 1; zeros stay."""
    return torch.nn.functional.normalize(made, dim=-1, eps=1e-6)


def mirrored(made: Tensor) -> Tensor:
    """The descriptors of the mirror images: what is odd from left to right changes its sign."""
    odd = [u % 2 for _, u in (*BRIGHTNESS, *COLOUR, *COLOUR)]
    signs = 1 - 2 * torch.tensor(odd, dtype=made.dtype)
    return made * signs


@lru_cache
def _map(window: Window) -> Tensor:
    """The linear map from the values of a thumbnail, (3 * 32 * 32, 32)."""
    left, upper, width, height = window
    planes = {key: _waves(key[1], left, width)[None, :] * _waves(key[0], upper, height)[:, None] for key in BRIGHTNESS}
    flat = _waves(0, left, width)
    low = {(v, u): planes.get((v, u), flat[None, :] * _waves(0, upper, height)[:, None]) for v, u in COLOUR}
    luma = np.array(LUMA)
    columns = [np.multiply.outer(luma, np.hypot(*key) ** POWER * planes[key]) for key in BRIGHTNESS]
    for difference in (np.array((0.5, 0.0, -0.5)), np.array((-0.25, 0.5, -0.25))):
        columns += [np.multiply.outer(difference, COLOUR_WEIGHT * low[key]) for key in COLOUR]
    made: Tensor = torch.from_numpy(np.stack([column.ravel() for column in columns], axis=1).astype(np.float32))
    return made


def _waves(frequency: int, start: float, width: float) -> NDArray[np.float64]:
    """(32,) mean of a cosine that spans the window over each pixel, zero outside."""
    fine = 64
    places = (np.arange(SIDE * fine) + 0.5) / (SIDE * fine)
    inside = (places >= start) & (places < start + width)
    wave = np.where(inside, np.cos(np.pi * frequency * (places - start) / width), 0.0) / width
    made: NDArray[np.float64] = wave.reshape(SIDE, fine).mean(axis=1) / SIDE * (np.sqrt(2) if frequency else 1.0)
    return made
