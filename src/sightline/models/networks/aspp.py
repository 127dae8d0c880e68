"""Context for every place of a map: atrous convolutions of several rates, and the mean of the whole (ASPP)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Aspp(nn.Module):
    """Atrous spatial pyramid pooling, as in DeepLabv3 (Chen et al. 2017).

    Args:
        inputs: channels of the map.
        outputs: channels of each branch, and of what comes out.
        rates: dilations of the 3x3 convolutions.
    """

    def __init__(self, inputs: int, outputs: int, rates: Sequence[int]) -> None:
        super().__init__()
        kernels = [(1, 1), *((3, rate) for rate in rates)]
        self.branches = nn.ModuleList(_branch(inputs, outputs, kernel, rate) for kernel, rate in kernels)
        # One value a channel has no spread over places, so the branch of the mean is not normalised.
        self.mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(inputs, outputs, 1), nn.ReLU(inplace=True))
        self.joined = _branch(outputs * (len(kernels) + 1), outputs, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h, w)."""
        found = [branch(x) for branch in self.branches]
        whole = self.mean(x).expand(-1, -1, *x.shape[-2:])
        joined: Tensor = self.joined(torch.cat([*found, whole], dim=1))
        return joined


def _branch(inputs: int, outputs: int, kernel: int, rate: int) -> nn.Sequential:
    padding = rate * (kernel // 2)
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=rate, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
