"""Lays one image over another as well as it goes, and says how far apart they then are."""

from dataclasses import dataclass, fields
from typing import Final, Self

import torch
from torch import Tensor
from torch.nn import functional

from sightline.data.gate.duplicates.descriptors import LUMA

ROUNDS: Final = 6
FURTHEST: Final = 0.04
"""Shares of a side by which an edge moves at most in a round."""

DAMPING: Final = 1e-3
LEAST, MOST = 0.7, 1.05
"""Widths and heights of a box, in shares of the image."""

BLACK, WHITE = 3.0, 252.0
"""Values beyond these may have been cut by what made the copy brighter or darker; they are left out."""

ENOUGH: Final = 0.3
"""The least share of values that must remain; else those that may have been cut count as well."""


@dataclass(frozen=True)
class Fit:
    """How images fit once they are aligned.

    Attributes:
        boxes: (m, 4) the part of the first that the second shows, as `Window`.
        spread: (m,) standard deviation of the second's values, in shares of the first's.
        brighter: (m,) by how many levels of 255 the second is brighter in the mean.
        apart: (m,) root mean square of the remaining difference, in levels of 255.
        likeness: (m,) correlation of their values, each colour about its mean.
        detail: (m,) correlation of what is finer than five pixels.
        coarse: (m,) root mean square of the difference of brightness that five pixels share, in levels.
        contrast: (m,) the smaller standard deviation of both, in levels,
        fineness: (m,) and that of what is finer.
    """

    boxes: Tensor
    spread: Tensor
    brighter: Tensor
    apart: Tensor
    likeness: Tensor
    detail: Tensor
    coarse: Tensor
    contrast: Tensor
    fineness: Tensor

    def take(self, places: Tensor) -> Self:
        """Those at these places."""
        return type(self)(*(getattr(self, one.name)[places] for one in fields(self)))

    @classmethod
    def joined(cls, parts: "list[Self]") -> Self:
        """All of several."""
        return cls(*(torch.cat([getattr(part, one.name) for part in parts]) for one in fields(cls)))


def fitted(first: Tensor, second: Tensor, boxes: Tensor) -> Fit:
    """Move boxes until the first image shows there what the second shows, and compare both.

    Gauss-Newton on brightness, slightly blurred: edges of the box, gain and offset at once.

    Args:
        first: (m, 3, side, side) float32 from 0 to 255.
        second: likewise, mirrored already where that is asked.
        boxes: (m, 4) where to begin.
    """
    grey, aim = _blurred(luma(first), 1), _blurred(luma(second), 1)
    across, down = slopes(grey)
    stack = torch.cat([grey, across, down], dim=1)
    places = (torch.arange(first.shape[-1]) + 0.5) / first.shape[-1]
    x, y = places.repeat(len(places)), places.repeat_interleave(len(places))
    gain, offset = torch.ones(len(first), 1), torch.zeros(len(first), 1)
    for _ in range(ROUNDS):
        seen, across, down = _sampled(stack, boxes).flatten(2).unbind(dim=1)
        across, down = gain * across, gain * down
        columns = torch.stack([across, down, across * x, down * y, seen, torch.ones_like(seen)], dim=1)
        rest = aim.flatten(1) - gain * seen - offset
        squares = columns @ columns.transpose(1, 2)
        own = squares.diagonal(dim1=1, dim2=2)
        held = torch.diag_embed(DAMPING * own + 1e-3)
        step = torch.linalg.solve(squares + held, columns @ rest[..., None])[..., 0]
        boxes = boxes + step[:, :4].clamp(-FURTHEST, FURTHEST)
        boxes = torch.cat([boxes[:, :2].clamp(-MOST + 1, 1 - LEAST), boxes[:, 2:].clamp(LEAST, MOST)], dim=1)
        gain = (gain + step[:, 4:5]).clamp(0.3, 3.0)
        offset = offset + step[:, 5:]
    return compared(first, second, boxes)


def compared(first: Tensor, second: Tensor, boxes: Tensor) -> Fit:
    """Compare images as they lie: what a gain and an offset of each colour leave."""
    seen = _sampled(first, boxes)
    counts = _inside(boxes, first.shape[-1])[:, None].expand_as(seen)
    uncut = counts * ((seen > BLACK) & (seen < WHITE) & (second > BLACK) & (second < WHITE))
    counts = torch.where((uncut.mean(dim=(1, 2, 3)) > ENOUGH)[:, None, None, None], uncut, counts)
    one, one_mean = _centred(seen, counts)
    other, other_mean = _centred(second, counts)
    weight = counts.sum(dim=(1, 2, 3)).clamp_min(1.0)
    squares = [(left * right).sum(dim=(1, 2, 3)) / weight for left, right in ((one, one), (one, other), (other, other))]
    gain = squares[1] / squares[0].clamp_min(1e-6)
    apart = (squares[2] - gain * squares[1]).clamp_min(0).sqrt()
    weigh = counts.amin(dim=1, keepdim=True)
    fine = [weigh * (grey - _blurred(grey, 2)) for grey in (luma(seen), luma(second))]
    rest = _blurred(weigh * (luma(other) - gain[:, None, None, None] * luma(one)), 2)
    total = weigh.sum(dim=(1, 2, 3)).clamp_min(1.0)
    finer = [
        (left * right).sum(dim=(1, 2, 3)) / total for left, right in ((fine[0], fine[0]), fine, (fine[1], fine[1]))
    ]
    return Fit(
        boxes=boxes,
        spread=(squares[2] / squares[0].clamp_min(1e-6)).sqrt(),
        brighter=(other_mean - one_mean).mean(dim=1),
        apart=apart,
        likeness=_correlation(*squares),
        detail=_correlation(*finer),
        coarse=(rest.square().sum(dim=(1, 2, 3)) / total).sqrt(),
        contrast=torch.minimum(squares[0], squares[2]).sqrt(),
        fineness=torch.minimum(finer[0], finer[2]).sqrt(),
    )


def _correlation(one: Tensor, both: Tensor, other: Tensor) -> Tensor:
    return both / (one * other).clamp_min(1e-6).sqrt()


def _centred(images: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Values about the mean of their colour, zero where they do not count; and the means (m, 3)."""
    mean = (images * counts).sum(dim=(2, 3)) / counts.sum(dim=(2, 3)).clamp_min(1.0)
    return (images - mean[:, :, None, None]) * counts, mean


def luma(images: Tensor) -> Tensor:
    """Brightness, (m, 1, side, side)."""
    return torch.einsum("mchw,c->mhw", images, torch.tensor(LUMA))[:, None]


def _blurred(images: Tensor, radius: int) -> Tensor:
    """The mean over three pixels with weights 1, 2, 1 in both directions, or over five alike."""
    row = torch.tensor([0.25, 0.5, 0.25]) if radius == 1 else torch.full((5,), 0.2)
    padded = functional.pad(images, [radius] * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(padded, row.view(1, 1, 1, -1)), row.view(1, 1, -1, 1))


def slopes(grey: Tensor) -> tuple[Tensor, Tensor]:
    """Change of brightness over the whole side, to the right and down."""
    side = grey.shape[-1]
    padded = functional.pad(grey, [1] * 4, mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) * (side / 2)
    return across, (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) * (side / 2)


def _places(boxes: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Where each pixel of a box lies in the image: (m, side) to the right and down, in shares."""
    within = (torch.arange(side) + 0.5) / side
    return boxes[:, 0:1] + boxes[:, 2:3] * within, boxes[:, 1:2] + boxes[:, 3:4] * within


def _sampled(images: Tensor, boxes: Tensor) -> Tensor:
    """What lies within boxes, as large as the images, bilinear."""
    side = images.shape[-1]
    x, y = _places(boxes, side)
    grid = torch.stack([x[:, None, :].expand(-1, side, -1), y[:, :, None].expand(-1, -1, side)], dim=-1)
    return functional.grid_sample(images, 2 * grid - 1, mode="bilinear", padding_mode="border", align_corners=False)


def _inside(boxes: Tensor, side: int) -> Tensor:
    """(m, side, side) 1 where a pixel of a box lies in the image, else 0."""
    x, y = _places(boxes, side)
    inside = [(place >= 0) & (place <= 1) for place in (x, y)]
    return (inside[0][:, None, :] & inside[1][:, :, None]).float()
