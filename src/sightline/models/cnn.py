"""Sightline's own small convolutional network: quick on a CPU, at home at 32 px."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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


class Block(nn.Module):
    """Convolution, halving, then a second convolution around which the input is added."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(2)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, H // 2, W // 2)."""
        x = F.gelu(self.norm1(self.pool(self.conv1(x))), approximate="tanh")
        return x + F.gelu(self.norm2(self.conv2(x)), approximate="tanh")


class Cnn(nn.Module):
    """Three blocks behind a 3x3 stem, the largest value of each channel, one linear layer.

    Answers timm's protocol (`forward_features`, `forward_head`, `get_classifier`, `group_matcher` …). Its weights have
    the same shapes at every image size, so a file of them fits whatever the size. After the nets of DAWNBench's
    speed runs (Page, "How to train your ResNet", 2018; Jordan, "94 % on CIFAR-10 in 3.29 seconds", 2024).

    Args:
        num_classes: number of logits; 0 leaves the pooled features.
        width: channels of the first block; the others have four times as many.
        drop_rate: dropout before the linear layer.
        image_size: side the net is meant for, from 8 px; any size runs, this one sets how far the stem shrinks.
    """

    def __init__(self, num_classes: int, *, width: int = 64, drop_rate: float = 0.0, image_size: int = 32) -> None:
        super().__init__()
        stem, narrow, wide = channels(width / 2), channels(width), channels(4 * width)
        self.num_classes = num_classes
        self.num_features = self.head_hidden_size = wide
        shrink = reduction(image_size)
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 3, padding=1, bias=False),
            nn.MaxPool2d(shrink) if shrink > 1 else nn.Identity(),
            nn.BatchNorm2d(stem),
            nn.GELU(approximate="tanh"),
        )
        self.blocks = nn.Sequential(Block(stem, narrow), Block(narrow, wide), Block(wide, wide))
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

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Maps to logits (B, num_classes), or to the pooled features (B, num_features) before them."""
        pooled: Tensor = self.head_drop(torch.amax(x, dim=(2, 3)))
        if pre_logits or self.num_classes == 0:
            return pooled
        logits: Tensor = self.head(pooled) * LOGIT_SCALE
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
        self.head = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()
        if isinstance(self.head, nn.Linear):
            nn.init.normal_(self.head.weight, std=self.num_features**-0.5)
            nn.init.zeros_(self.head.bias)

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """Patterns for timm's `group_parameters`: a group for each block, or for each of its convolutions."""
        return {"stem": r"^stem", "blocks": r"^blocks\.(\d+)" if coarse else r"^blocks\.(\d+)\.\w+?(\d)"}


def pass_through(convolution: nn.Conv2d) -> None:
    """Draw weights for a rectifier (He et al. 2015), then let the first channels hand their input on unchanged.

    The part that hands on keeps the signal alive before anything is learned, as in the speed runs.
    """
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    both = min(convolution.in_channels, convolution.out_channels)
    if convolution.in_channels > 3:
        nn.init.dirac_(convolution.weight.data[:both, :both])
