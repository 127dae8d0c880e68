"""Sightline's own small convolutional network: quick on a CPU, at home at 32 px."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.models.networks.whitening import CHANNELS, Whitening

LOGIT_SCALE = 0.125
"""Logits are damped so that the first steps at a high rate do not saturate the softmax (Page 2018)."""


def channels(width: float) -> int:
    """Round up to a multiple of 16, the step in which convolutions in bf16 are quick."""
    return 16 * max(1, -(-int(width) // 16))


def reduction(image_size: int) -> int:
    """By how much the stem shrinks an image: 1 up to 95 px, 2 up to 191 px, 4 up to 383 px, and so on."""
    factor = 1
    while image_size // (2 * factor) >= 48:
        factor *= 2
    return factor


class ShiftNorm(nn.BatchNorm2d):
    """Batch normalisation that learns a shift alone: the rate of shifts can then be raised far above the others'.

    Its running statistics forget quickly, as weights that move far in each step ask for.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, momentum=0.4)
        del self.weight
        self.register_buffer("weight", torch.ones(channels))


class Block(nn.Module):
    """Convolution, halving, then a second convolution, around which what entered it may be added."""

    def __init__(self, inputs: int, outputs: int, norm: Callable[[int], nn.Module], *, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(2)
        self.norm1 = norm(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, H // 2, W // 2)."""
        x = F.gelu(self.norm1(self.pool(self.conv1(x))))
        added = F.gelu(self.norm2(self.conv2(x)))
        return x + added if self.residual else added


class DampedLinear(nn.Linear):
    """A classifier of small logits."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, features) to (B, classes)."""
        return super().forward(x) * LOGIT_SCALE


class Cnn(nn.Module):
    """Three blocks behind a 3x3 stem, the largest value of each channel, one linear layer.

    Answers timm's protocol (`forward_features`, `forward_head`, `get_classifier`, `group_matcher` …). Its weights have
    the same shapes at every image size, so a file of them fits whatever the size. After the nets of DAWNBench's
    speed runs (Page, "How to train your ResNet", 2018; Jordan, "94 % on CIFAR-10 in 3.29 seconds", 2024).

    Args:
        num_classes: number of logits; 0 leaves the pooled features.
        width: channels of the first block; the others have four times as many.
        drop_rate: dropout before the linear layer.
        stem: `conv` learns its first layer, `whitened` takes it from the training images (see `whitening.py`).
        norm_scale: whether normalisation learns a scale beside its shift.
        residual: whether each block adds the input of its second convolution to the output.
        image_size: side the net is meant for, from 8 px; any size runs, this one sets how far the stem shrinks.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        width: int = 64,
        drop_rate: float = 0.0,
        stem: Literal["conv", "whitened"] = "conv",
        norm_scale: bool = True,
        residual: bool = True,
        image_size: int = 32,
    ) -> None:
        super().__init__()
        narrow = channels(width)
        wide = channels(4 * width)
        norm = nn.BatchNorm2d if norm_scale else ShiftNorm
        self.num_classes = num_classes
        self.num_features = self.head_hidden_size = wide
        self.stem = _stem(stem, channels(width / 2), norm, reduction(image_size))
        entering = CHANNELS if stem == "whitened" else channels(width / 2)
        widths = [(entering, narrow), (narrow, wide), (wide, wide)]
        stages = [("stem", entering, 1), *((f"blocks.{at}", width[1], 2 << at) for at, width in enumerate(widths))]
        shrunk = reduction(image_size)
        self.feature_info = [
            {"module": name, "num_chs": width, "reduction": shrunk * stride} for name, width, stride in stages
        ]
        self.blocks = nn.Sequential(*(Block(*width, norm, residual=residual) for width in widths))
        self.head_drop = nn.Dropout(drop_rate)
        self.head: nn.Module = nn.Identity()
        for convolution in self.modules():
            if isinstance(convolution, nn.Conv2d):
                pass_through(convolution)
        self.reset_classifier(num_classes)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (B, 3, H, W) to the last maps (B, num_features, h, w)."""
        maps: Tensor = self.blocks(self.stem(x))
        return maps

    def forward_intermediates(self, x: Tensor, *, intermediates_only: bool = True) -> list[Tensor]:
        """Images (B, 3, H, W) to the maps of stem and blocks, fine to coarse."""
        assert intermediates_only, "the last features are the last of the maps"
        found = [self.stem(x)]
        for block in self.blocks:
            found.append(block(found[-1]))
        return found

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Maps to logits (B, num_classes), or to the pooled features (B, num_features) before them."""
        pooled: Tensor = self.head_drop(torch.amax(x, dim=(2, 3)))
        if pre_logits or self.num_classes == 0:
            return pooled
        logits: Tensor = self.head(pooled)
        return logits

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, 3, H, W), normalised, to logits (B, num_classes)."""
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The layer that makes the logits."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Put a fresh classifier in place."""
        self.num_classes = num_classes
        self.head = DampedLinear(self.num_features, num_classes) if num_classes else nn.Identity()
        if isinstance(self.head, nn.Linear):
            nn.init.normal_(self.head.weight, std=self.num_features**-0.5)
            nn.init.zeros_(self.head.bias)

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """Patterns for timm's `group_parameters`: a group for each block, or for each of its convolutions."""
        return {"stem": r"^stem", "blocks": r"^blocks\.(\d+)" if coarse else r"^blocks\.(\d+)\.\w+?(\d)"}


def _stem(kind: str, width: int, norm: Callable[[int], nn.Module], shrink: int) -> nn.Sequential:
    pool = nn.MaxPool2d(shrink) if shrink > 1 else nn.Identity()
    if kind == "whitened":  # what comes out has unit variance already
        return nn.Sequential(Whitening(), pool, nn.GELU())
    convolution = nn.Conv2d(3, width, 3, padding=1, bias=False)
    return nn.Sequential(convolution, pool, norm(width), nn.GELU())


def pass_through(convolution: nn.Conv2d) -> None:
    """Draw weights for a rectifier (He et al. 2015), then let the first channels hand their input on unchanged.

    The part that hands on keeps the signal alive before anything is learned, as in the speed runs.
    """
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    both = min(convolution.in_channels, convolution.out_channels)
    if convolution.in_channels > 3:
        nn.init.dirac_(convolution.weight.data[:both, :both])
