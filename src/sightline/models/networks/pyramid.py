"""Feature pyramids: maps at strides 4, 8, 16, 32, or any other powers of two, from the maps that a network has."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, cast

from torch import Tensor, nn

from sightline.models.networks.fitting import InputFit, Size, resized

STRIDES = (4, 8, 16, 32)
MOST_LEVELS = 5
COARSEST = 32
NEAR = 0.5
"""How many octaves a map's stride may be off a wanted one for the map to be resized to it without a convolution."""


class HasMaps(Protocol):
    """The part of timm's protocol that a pyramid asks for."""

    def forward_intermediates(self, x: Tensor, *, intermediates_only: bool, **options: object) -> list[Tensor]:
        """Images (n, 3, h, w) to maps (n, c, ·, ·)."""
        ...


@dataclass(frozen=True)
class NativeMap:
    """One of the maps that a network has itself.

    Attributes:
        index: among those that it gives with these options.
        channels: of the map.
        stride: pixels of the image a pixel of the map, as measured; it need not be whole.
    """

    index: int
    channels: int
    stride: float


@dataclass(frozen=True)
class Maps:
    """What is to be known of a network's maps.

    Attributes:
        natives: one for each stride, from fine to coarse.
        fit: which sizes of images it takes.
        options: of `forward_intermediates`.
    """

    natives: tuple[NativeMap, ...]
    fit: InputFit
    options: dict[str, object]


def natural_strides(natives: Sequence[NativeMap]) -> tuple[int, ...]:
    """The strides that suit a network: its own, without a gap, from 4 or less to 32 or less, five at most.

    A network with maps of one stride alone (ViT, mixers) gets two finer and one coarser, as in ViTDet.
    """
    own = sorted({round(math.log2(native.stride)) for native in natives})
    top = round(math.log2(COARSEST))
    finest, coarsest = (own[0] - 2, own[0] + 1) if len(own) == 1 else (own[0], own[-1])
    coarsest = min(coarsest, top)
    finest = max(min(finest, 2), coarsest - MOST_LEVELS + 1, 0)
    return tuple(2**octave for octave in range(finest, coarsest + 1))


class Pyramid(nn.Module):
    """A network's maps at wanted strides: its own where it has them, else made from the nearest by convolutions.

    Coarser maps are made by convolutions of stride 2, finer ones by transposed convolutions of stride 2 that halve the
    channels, from the network's last map as in ViTDet (Li et al. 2022) where it has but one stride. Maps whose stride
    is near a wanted one (pit's 8.3, eva02's 14) are resized to it.

    Args:
        network: answers `forward_intermediates`, as timm's networks do.
        maps: what is known of its maps.
        strides: wanted, from fine to coarse; None takes those that suit the network.

    Attributes:
        strides: of the maps that come out.
        channels: of the maps that come out.
        own: the network's maps, from fine to coarse.
        fit: how images are made of a size that the network takes.
        deepest: puts out the network's last map as it is: the one that everything behind the network reads, where an
            explanation can look.
    """

    def __init__(self, network: nn.Module, maps: Maps, strides: Sequence[int] | None = STRIDES) -> None:
        super().__init__()
        self.network = network
        self.strides = tuple(natural_strides(maps.natives) if strides is None else strides)
        self.own = maps.natives
        self.context = maps.natives[-1]
        self.deepest = nn.Identity()
        self._options = maps.options
        self._sources = [nearest(maps.natives, stride) for stride in self.strides]
        coarser = max(0, steps(self._sources[-1], self.strides[-1]))
        self.fit = maps.fit if maps.fit.size else InputFit(maps.fit.multiple << coarser)
        self.adapters = nn.ModuleList(map(adapter, self._sources, self.strides))
        self.channels = tuple(adapted_channels(*both) for both in zip(self._sources, self.strides, strict=True))

    def natives(self, fitted: Tensor) -> list[Tensor]:
        """The network's own maps of images (n, 3, h, w) that `fit` made of a size that it takes."""
        network = cast("HasMaps", self.network)
        found = list(network.forward_intermediates(fitted, intermediates_only=True, **self._options))
        found[self.context.index] = self.deepest(found[self.context.index])
        return found

    def levels(self, natives: Sequence[Tensor], size: Size) -> list[Tensor]:
        """The wanted maps (n, c, ceil(h / stride), ceil(w / stride)) of fitted images (h, w) from the network's."""
        made = [make(natives[source.index]) for source, make in zip(self._sources, self.adapters, strict=True)]
        return [resized(one, map_size(size, stride)) for one, stride in zip(made, self.strides, strict=True)]

    def pooled(self, natives: Sequence[Tensor], size: Size) -> Tensor:
        """(n, c) means of the network's last map over the images themselves (h, w), without what fills them up."""
        last = natives[self.context.index]
        if self.fit.size is None:
            rows, columns = (math.ceil(side / self.context.stride) for side in size)
            last = last[..., :rows, :columns]
        return last.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (n, 3, h, w) of any size to maps (n, channels, ceil(h / stride), ceil(w / stride)), fine to coarse."""
        fitted = self.fit.apply(images)
        height, width = images.shape[-2:]
        seen = (height, width) if self.fit.size is not None else (fitted.shape[-2], fitted.shape[-1])
        found = []
        for one, stride in zip(self.levels(self.natives(fitted), seen), self.strides, strict=True):
            rows, columns = map_size((height, width), stride)
            found.append(one[..., :rows, :columns])
        return found


def map_size(size: Size, stride: int) -> Size:
    """Height and width of the map of an image."""
    return -(-size[0] // stride), -(-size[1] // stride)


def nearest(natives: Sequence[NativeMap], stride: int) -> NativeMap:
    """The network's map to make one of this stride from: the nearest, of equally near ones the finer."""
    return min(natives, key=lambda native: (round(abs(octaves(native, stride)), 3), native.stride))


def octaves(native: NativeMap, stride: int) -> float:
    """By how many halvings a map of the wanted stride is coarser; negative where it is finer."""
    return math.log2(stride / native.stride)


def steps(native: NativeMap, stride: int) -> int:
    """How many convolutions of stride 2 lead to the wanted stride; negative for transposed ones."""
    distance = octaves(native, stride)
    return 0 if abs(distance) <= NEAR else round(distance)


def adapted_channels(native: NativeMap, stride: int) -> int:
    """Channels of the map that is made: those of the network's, half of them for each doubling of the size."""
    finer = max(0, -steps(native, stride))
    return max(8, native.channels >> finer) if finer else native.channels


def adapter(native: NativeMap, stride: int) -> nn.Module:
    """What makes a map of the wanted stride from one of the network's."""
    count = steps(native, stride)
    if count >= 0:
        halvings = [_halving(native.channels) for _ in range(count)]
        return nn.Sequential(*halvings) if halvings else nn.Identity()
    widths = [max(8, native.channels >> done) if done else native.channels for done in range(1 - count)]
    return nn.Sequential(*(_doubling(*both) for both in pairwise(widths)))


def _halving(channels: int) -> nn.Module:
    convolution = nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


def _doubling(inputs: int, outputs: int) -> nn.Module:
    convolution = nn.ConvTranspose2d(inputs, outputs, 2, stride=2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
