"""Sightline's own residual network (He et al. 2016), of depth 18 to 152 and any widths."""

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from sightline.models.networks.stems import SMALL_IMAGE

LAYERS: Final[Mapping[int, tuple[int, int, int, int]]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
"""Blocks of each stage, by depth."""
BOTTLENECKS: Final = 50
"""From this depth on, blocks are bottlenecks of three convolutions, which put out four times their width."""
EXPANSION = 4


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, or 1x1, 3x3, 1x1 as a bottleneck, around which the input is added.

    Args:
        inputs: channels that come in.
        width: of the convolutions.
        stride: of the 3x3 convolution, the first of them.
        bottleneck: which of the two.
    """

    def __init__(self, inputs: int, width: int, stride: int, *, bottleneck: bool) -> None:
        super().__init__()
        outputs = width * EXPANSION if bottleneck else width
        kernels = (1, 3, 1) if bottleneck else (3, 3)
        entering = inputs
        self._pairs: list[tuple[str, str]] = []
        for place, kernel in enumerate(kernels, start=1):
            leaving = outputs if place == len(kernels) else width
            step = stride if place == kernels.index(3) + 1 else 1
            convolution = nn.Conv2d(entering, leaving, kernel, stride=step, padding=kernel // 2, bias=False)
            self.add_module(f"conv{place}", convolution)
            self.add_module(f"bn{place}", nn.BatchNorm2d(leaving))
            self._pairs.append((f"conv{place}", f"bn{place}"))
            entering = leaving
        self.act = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            projection = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        found = x
        for convolution, norm in self._pairs:
            found = self.get_submodule(norm)(self.get_submodule(convolution)(found))
            if norm != self._pairs[-1][1]:
                found = self.act(found)
        added: Tensor = self.act(found + self.downsample(x))
        return added


class ResidualNet(nn.Module):
    """A stem, four stages of residual blocks, the mean of each channel, one linear layer.

    Answers timm's protocol. Names and shapes of its weights are those of timm's and torchvision's ResNets of the same
    depth, so published files fit at images above 64 px; up to there the stem is a 3x3 convolution of stride 1.

    Args:
        num_classes: number of logits; 0 leaves the pooled features.
        depth: 18, 34, 50, 101 or 152.
        widths: channels of the convolutions in the four stages.
        drop_rate: dropout before the linear layer.
        image_size: side the net is meant for; any size runs.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        depth: int = 18,
        widths: Sequence[int] = (64, 128, 256, 512),
        drop_rate: float = 0.0,
        image_size: int = 224,
    ) -> None:
        super().__init__()
        small = image_size <= SMALL_IMAGE
        kernel, stride = (3, 1) if small else (7, 2)
        self.conv1 = nn.Conv2d(3, widths[0], kernel, stride=stride, padding=kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.act1 = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, stride=2, padding=1)
        shrinks = 1 if small else 4
        self.feature_info = [{"module": "act1", "num_chs": widths[0], "reduction": stride}]
        entering = widths[0]
        for place, (width, blocks) in enumerate(zip(widths, LAYERS[depth], strict=True), start=1):
            stage = _stage(entering, width, blocks, 1 if place == 1 else 2, bottleneck=depth >= BOTTLENECKS)
            self.add_module(f"layer{place}", stage)
            entering = width * EXPANSION if depth >= BOTTLENECKS else width
            facts = {"module": f"layer{place}", "num_chs": entering, "reduction": shrinks << (place - 1)}
            self.feature_info.append(facts)
        self.num_features = self.head_hidden_size = entering
        self.head_drop = nn.Dropout(drop_rate)
        self.fc: nn.Module = nn.Identity()
        self.reset_classifier(num_classes)
        _draw(self)

    def forward_intermediates(self, x: Tensor, *, intermediates_only: bool = True) -> list[Tensor]:
        """Images (B, 3, H, W) to the maps of stem and stages, fine to coarse."""
        assert intermediates_only, "the last features are the last of the maps"
        found = [self.act1(self.bn1(self.conv1(x)))]
        maps = self.maxpool(found[0])
        for facts in self.feature_info[1:]:
            maps = self.get_submodule(str(facts["module"]))(maps)
            found.append(maps)
        return found

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (B, 3, H, W) to the last maps (B, num_features, h, w)."""
        return self.forward_intermediates(x)[-1]

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """Maps to logits (B, num_classes), or to the pooled features (B, num_features) before them."""
        pooled: Tensor = self.head_drop(torch.mean(x, dim=(2, 3)))
        if pre_logits:
            return pooled
        logits: Tensor = self.fc(pooled)
        return logits

    def forward(self, x: Tensor) -> Tensor:
        """Images (B, 3, H, W), normalised, to logits (B, num_classes)."""
        return self.forward_head(self.forward_features(x))

    def get_classifier(self) -> nn.Module:
        """The layer that makes the logits."""
        return self.fc

    def reset_classifier(self, num_classes: int) -> None:
        """Put a fresh classifier in place."""
        self.num_classes = num_classes
        self.fc = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """Patterns for timm's `group_parameters`: a group for each stage, or for each of its blocks."""
        return {"stem": r"^conv1|^bn1", "stages": r"^layer(\d+)" if coarse else r"^layer(\d+)\.(\d+)"}


def _stage(inputs: int, width: int, blocks: int, stride: int, *, bottleneck: bool) -> nn.Sequential:
    outputs = width * EXPANSION if bottleneck else width
    entering = [inputs] + [outputs] * (blocks - 1)
    return nn.Sequential(
        *(
            ResidualBlock(channels, width, stride if place == 0 else 1, bottleneck=bottleneck)
            for place, channels in enumerate(entering)
        )
    )


def _draw(network: nn.Module) -> None:
    """Weights for rectifiers (He et al. 2015); each block starts as its shortcut alone (Goyal et al. 2017)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, ResidualBlock):
            last = module.get_submodule(module._pairs[-1][1])
            assert isinstance(last, nn.BatchNorm2d)
            nn.init.zeros_(last.weight)
