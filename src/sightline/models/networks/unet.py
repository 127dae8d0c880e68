"""A U-Net: a decoder over any pyramid that gives class logits for every pixel, at the size of the image."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.models.networks.aspp import Aspp
from sightline.models.networks.fitting import Size, resized
from sightline.models.networks.pyramid import Pyramid

Upsampling = Literal["bilinear", "nearest", "learned"]
WIDTHS = (256, 128, 64, 32, 16)


class Convolution(nn.Sequential):
    """3x3 convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Block(nn.Module):
    """Doubles the size of a map, joins the pyramid's map of that size, and convolves twice (Ronneberger et al. 2015).

    Args:
        inputs: channels of the coarser map.
        skip: channels of the pyramid's map; 0 where there is none.
        outputs: channels that come out.
        upsampling: how the size is doubled.
    """

    def __init__(self, inputs: int, skip: int, outputs: int, upsampling: Upsampling) -> None:
        super().__init__()
        self._mode = upsampling
        self.up = nn.ConvTranspose2d(inputs, inputs, 2, stride=2) if upsampling == "learned" else nn.Identity()
        self.convolutions = nn.Sequential(Convolution(inputs + skip, outputs), Convolution(outputs, outputs))

    def forward(self, coarse: Tensor, skip: Tensor | None, size: Size) -> Tensor:
        """(n, inputs, ·, ·) and (n, skip, h, w) to (n, outputs, h, w)."""
        if self._mode == "nearest":
            maps = F.interpolate(coarse, size, mode="nearest")
        else:
            maps = resized(self.up(coarse), size)
        joined = maps if skip is None else torch.cat([maps, skip], dim=1)
        found: Tensor = self.convolutions(joined)
        return found


class Decoder(nn.Module):
    """From the maps of a pyramid to one map of the size of the image.

    Args:
        channels: of the pyramid's maps, fine to coarse.
        strides: of the pyramid's maps, each twice the one before.
        widths: channels at the strides 16, 8, 4, 2 and 1, of which as many are used as the coarsest map asks for.
        upsampling: how maps are doubled.
        atrous_rates: of the context on the coarsest map; none leaves it out.
    """

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        *,
        widths: Sequence[int] = WIDTHS,
        upsampling: Upsampling = "bilinear",
        atrous_rates: Sequence[int] = (),
    ) -> None:
        super().__init__()
        doublings = strides[-1].bit_length() - 1
        widths = tuple(widths)[len(widths) - doublings :]
        entering = widths[0] if atrous_rates else channels[-1]
        self.context = Aspp(channels[-1], entering, atrous_rates) if atrous_rates else nn.Identity()
        skips = dict(zip(strides[:-1], channels[:-1], strict=True))
        self._strides = [strides[-1] >> step for step in range(1, doublings + 1)]
        pairs = zip(pairwise([entering, *widths]), self._strides, strict=True)
        self.blocks = nn.ModuleList(
            Block(inputs, skips.get(stride, 0), outputs, upsampling) for (inputs, outputs), stride in pairs
        )
        self._levels = {stride: level for level, stride in enumerate(strides[:-1])}
        self.channels = widths[-1] if widths else entering

    def forward(self, maps: Sequence[Tensor], size: Size) -> Tensor:
        """Maps of images of a size (h, w), fine to coarse, to (n, channels, h, w)."""
        found: Tensor = self.context(maps[-1])
        for block, stride in zip(self.blocks, self._strides, strict=True):
            level = self._levels.get(stride)
            height, width = (-(-side // stride) for side in size)
            found = block(found, None if level is None else maps[level], (height, width))
        return found


class Unet(nn.Module):
    """Class logits of every pixel from a pyramid, for images of any size.

    Args:
        pyramid: its maps, each stride twice the one before.
        num_classes: of the mask.
        decoder: over the pyramid's maps; None takes the usual one.
        drop_rate: dropout of whole maps before the last convolution.

    Attributes:
        backbone: name of the network within this one that layer groups follow; all else is their last group.
    """

    backbone = "pyramid.network"

    def __init__(
        self, pyramid: Pyramid, num_classes: int, decoder: Decoder | None = None, *, drop_rate: float = 0.0
    ) -> None:
        super().__init__()
        decoder = decoder or Decoder(pyramid.channels, pyramid.strides)
        self.num_classes = num_classes
        self.pyramid = pyramid
        self.decoder = decoder
        self.head_drop = nn.Dropout2d(drop_rate)
        self.head = nn.Conv2d(decoder.channels, num_classes, 3, padding=1)

    def mask_of(self, natives: Sequence[Tensor], fitted: Size, size: Size) -> Tensor:
        """Logits (n, num_classes, h, w) of images of a size (h, w), from the network's maps of the fitted images."""
        maps = self.pyramid.levels(natives, fitted)
        logits = self.head(self.head_drop(self.decoder(maps, fitted)))
        return self.pyramid.fit.back(logits, size)

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, 3, h, w), normalised, to logits (n, num_classes, h, w)."""
        fitted = self.pyramid.fit.apply(images)
        return self.mask_of(self.pyramid.natives(fitted), sides(fitted), sides(images))

    def get_classifier(self) -> nn.Module:
        """The convolution that makes the logits."""
        return self.head

    @property
    def explained_layer(self) -> str:
        """The module whose maps explain what is said of pixels: the last of the backbone."""
        return "pyramid.deepest"

    def no_weight_decay(self) -> set[str]:
        """What the backbone asks to be left alone by weight decay."""
        return undecayed_within(self, self.backbone)


def undecayed_within(model: nn.Module, backbone: str) -> set[str]:
    """Names of what the network within another asks to be left alone by weight decay."""
    network = model.get_submodule(backbone)
    listed = network.no_weight_decay() if hasattr(network, "no_weight_decay") else ()  # type: ignore[operator]
    return {f"{backbone}.{name}" for name in listed}


def sides(images: Tensor) -> Size:
    """Height and width of images."""
    height, width = images.shape[-2:]
    return height, width
