"""The resizing of `Predictor` as two products of matrices, in whole numbers, so that any runtime gives its pixels.

Pillow reduces images and torch enlarges them, each with weights in fixed point and with pixels that are rounded after
either direction. In float64 such sums are exact in any order; a resize in floating point is up to two levels off.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from sightline.data.preprocessing import Preprocessing
from sightline.data.transforms.resizing import Interpolation

PILLOW_BITS: Final = 22
"""After the point, of Pillow's weights; torch has at most as many."""
TORCH_BITS: Final = 15
"""Of torch's weights in all: as many lie after the point as leave the largest one below 2 ** 15."""
REACH: Final = {"bilinear": 1.0, "bicubic": 2.0}
"""Pixels to either side that a filter looks at where nothing is reduced."""


@dataclass(frozen=True)
class Axis:
    """One direction of an image, in whole numbers of float64.

    Attributes:
        places: (length,) of its pixels, counted from where the part that is used begins.
        own: (), pixels of that part.
        target: (), what they become.
        first: (), the first of these that the model sees.
    """

    places: Tensor
    own: Tensor
    target: Tensor
    first: Tensor


class CropResize(nn.Module):
    """What `fit=crop` does: the shorter side is brought to a length, and the middle is taken.

    Takes (n, 3, h, w) float64 in whole numbers, gives (n, 3, image_size, image_size) likewise.

    Args:
        seen: of the run; `longest` is a number, as it is wherever the middle is taken.
    """

    def __init__(self, seen: Preprocessing) -> None:
        super().__init__()
        assert seen.fit == "crop"
        assert seen.longest is not None
        self.side, self.shorter, self.longest = seen.image_size, seen.stored_side, seen.longest
        self.interpolation = seen.interpolation

    def forward(self, pixels: Tensor) -> Tensor:
        """The squares."""
        lines, columns = (torch.arange(length, dtype=torch.float64) for length in pixels.shape[2:])
        shorter = torch.minimum(lines[-1], columns[-1]) + 1
        reduces = shorter > self.shorter
        across, one = self._weights(self._axis(columns, shorter, reduces), reduces)
        pixels = _rounded(pixels @ across.T, one)
        down, one = self._weights(self._axis(lines, shorter, reduces), reduces)
        return _rounded(down @ pixels, one)

    def _axis(self, places: Tensor, shorter: Tensor, reduces: Tensor) -> Axis:
        length = places[-1] + 1
        own = torch.minimum(length, self.longest * shorter)
        begin = ((length - own) / 2).floor()
        wanted = own * self.shorter / shorter
        target = torch.where(reduces, wanted.round(), wanted.floor())
        return Axis(places - begin, own, target, ((target - self.side) / 2).round())

    def _weights(self, axis: Axis, reduces: Tensor) -> tuple[Tensor, Tensor]:
        """(image_size, length) whole numbers, and what stands for 1 in them."""
        # How many bits torch takes is said by the largest weight of all new pixels, seen or not.
        every = torch.arange(self.longest * self.shorter, dtype=torch.float64)
        largest = weights_of(axis, torch.minimum(every, axis.target - 1), self.interpolation).max()
        bits = torch.arange(1, PILLOW_BITS + 1, dtype=torch.float64)
        fits = (0.5 + largest * 2.0**bits).floor() < 2.0**TORCH_BITS
        one = torch.where(reduces, 2.0**PILLOW_BITS, 2.0 ** fits.double().sum())
        seen = axis.first + torch.arange(self.side, dtype=torch.float64)
        weights = torch.where(reduces, weights_of(axis, seen, "bicubic"), weights_of(axis, seen, self.interpolation))
        size = ((weights * one).abs() + 0.5).floor()
        return torch.where(weights < 0, -size, size), one


def weights_of(axis: Axis, rows: Tensor, interpolation: Interpolation) -> Tensor:
    """(k, length) what each pixel counts in each of k new ones: the antialiased filter of Pillow and of torch.

    Args:
        axis: of the pixels.
        rows: (k,) which of the new pixels.
        interpolation: the filter; cubic with a = -0.5.
    """
    scale = axis.own / axis.target
    wider = scale.clamp(min=1)
    reach = REACH[interpolation] * wider
    centre = ((rows + 0.5) * scale)[:, None]
    begin = (centre - reach + 0.5).floor()
    end = torch.minimum((centre + reach + 0.5).floor(), axis.own)
    inside = (axis.places >= begin.clamp(min=0)) & (axis.places < end)
    distance = ((axis.places - centre + 0.5) * (1 / wider)).abs()
    found = torch.where(inside, FILTERS[interpolation](distance), 0.0)
    return found / found.sum(dim=1, keepdim=True)


def _triangle(distance: Tensor) -> Tensor:
    return (1 - distance).clamp(min=0)


def _cubic(distance: Tensor, a: float = -0.5) -> Tensor:
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * a
    return torch.where(distance < 1, near, torch.where(distance < 2, far, 0.0))


FILTERS: Final = {"bilinear": _triangle, "bicubic": _cubic}


def _rounded(sums: Tensor, one: Tensor) -> Tensor:
    """Levels from sums in fixed point, as both libraries round and clip them."""
    return ((sums + one / 2) / one).floor().clamp(0, 255)
