"""Answers for large images: by overlapping tiles whose answers are blended."""

import math
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn

from sightline.data.preprocessing import Preprocessing
from sightline.models.outputs import Outputs, map_outputs

WHOLE_PIXELS: Final = 2**22
"""Up to so many pixels an image is answered as a whole, where no side of tiles was asked for."""

SIDE: Final = 1024
"""Of the tiles of a larger one, then; at least the side that was trained on."""

STRIDE: Final = 32
"""Tiles begin at multiples of it, so that a network's strides fall on the same pixels as in the whole image."""

MARGIN: Final = 1 / 8
"""Of a tile's side, from each edge that is none of the image: what a network says there counts for nothing."""

MAPS: Final = 4
"""Dimensions of outputs that say something of every pixel."""


class TiledNetwork(nn.Module):
    """A network that takes images of any shape, and of large ones a tile at a time.

    Tiles overlap by half of their side. Each counts most in its middle, falls off as a squared sine and counts for
    nothing near its edges, so that a network whose answer depends on no pixel farther off than an eighth of the side
    says the same as of the whole image. What it says of an image as a whole, such as a label, is the mean over tiles.

    Args:
        network: (n, 3, h, w) to (n, classes, h, w), or to a mapping with such tensors and others (n, …).
        side: of the tiles, pixels; None: `SIDE`, for images above `WHOLE_PIXELS`.
        trained: pixels a side of the squares that it was trained on; by default no tile is smaller.
    """

    def __init__(self, network: nn.Module, side: int | None, trained: int) -> None:
        super().__init__()
        self.network = network
        self.side = side or max(SIDE, trained)
        self.most = WHOLE_PIXELS if side is None else 0

    def forward(self, images: Tensor) -> Outputs:
        """Outputs of the network."""
        height, width = images.shape[2:]
        if max(height, width) <= self.side or height * width <= self.most:
            whole: Outputs = self.network(images)
            return whole
        tiles = [(down, across) for down in spans(height, self.side) for across in spans(width, self.side)]
        totals: Outputs | None = None
        weights = images.new_zeros(height, width, dtype=torch.float32)
        for down, across in tiles:
            outputs = self.network(images[:, :, down, across])
            window = _window(down, height, self.side)[:, None] * _window(across, width, self.side)
            window = window.to(images.device)
            weights[down, across] += window
            if totals is None:
                totals = map_outputs(lambda output: _empty(output, height, width), outputs)
            totals = map_outputs(partial(_add, down, across, window, 1 / len(tiles)), totals, outputs)
        assert totals is not None
        return map_outputs(lambda total: total / weights if total.ndim == MAPS else total, totals)


def whole_answers(network: nn.Module, seen: Preprocessing) -> nn.Module:
    """The network as it answers for images of a run: by tiles where these are whole and large, else as it is."""
    return TiledNetwork(network, seen.tile, seen.image_size).eval() if seen.fit == "whole" else network


def spans(length: int, side: int) -> list[slice]:
    """Where tiles lie along one side of an image, none at less than half of it; only the last may be shorter."""
    if length <= side:
        return [slice(0, length)]
    half = side // 2
    step = half // STRIDE * STRIDE or half
    count = math.ceil((length - side) / step) + 1
    return [slice(number * step, min(number * step + side, length)) for number in range(count)]


def _window(span: slice, length: int, side: int) -> Tensor:
    """(span,) the weight of each place of a tile along one side: 1 where it ends with the image."""
    places = torch.arange(span.stop - span.start, dtype=torch.float32) + 0.5
    margin = MARGIN * side
    window = torch.ones_like(places)
    for inner, distance in ((span.start > 0, places), (span.stop < length, len(places) - places)):
        if inner:
            rise = ((distance - margin) / (side / 2 - margin)).clamp(0, 1)
            window *= (rise * torch.pi / 2).sin().square()
    return window


def _empty(output: Tensor, height: int, width: int) -> Tensor:
    """Zeros for the sum of outputs: for maps in the size of the image."""
    shape = (*output.shape[:2], height, width) if output.ndim == MAPS else output.shape
    return output.new_zeros(shape, dtype=torch.float32)


def _add(down: slice, across: slice, window: Tensor, share: float, total: Tensor, output: Tensor) -> Tensor:
    """The total with the output of a tile."""
    if output.ndim == MAPS:
        total[:, :, down, across] += window * output.float()
        return total
    return total + share * output.float()
