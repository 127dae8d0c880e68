"""A first layer that needs no learning: filters under which the patches of the training images are uncorrelated."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 2
"""Of the patches, pixels: the smallest ones that differ from single pixels."""
CHANNELS = 2 * 3 * SIDE**2
"""Every filter and its negative, since the activation behind them treats the two differently."""
EPSILON = 5e-4
"""Added to each variance, so that directions that hold little but noise are not blown up to the size of the others."""


class Whitening(nn.Module):
    """Fixed filters and a bias that learns; all zeros until `fit` has seen images.

    The filters are a buffer: no optimiser moves them and no schedule unfreezes them. After the nets of DAWNBench's
    speed runs (Page, "How to train your ResNet 8", 2019; Jordan, "94 % on CIFAR-10 in 3.29 seconds", 2024).
    """

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", torch.zeros(CHANNELS, 3, SIDE, SIDE))
        self.bias = nn.Parameter(torch.zeros(CHANNELS))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, CHANNELS, H - 1, W - 1)."""
        return F.conv2d(x, self.filters, self.bias)

    @torch.no_grad()
    def fit(self, images: Tensor) -> None:
        """Take the filters from the patches of some images, (n, 3, h, w), normalised as in training."""
        self.filters.copy_(whitening_filters(images))


def whitening_filters(images: Tensor) -> Tensor:
    """The principal directions of 2x2 patches, scaled to unit variance, the strongest first, then their negatives.

    Args:
        images: (n, 3, h, w), normalised.

    Returns:
        (CHANNELS, 3, 2, 2).
    """
    patches = F.unfold(images.float(), SIDE).transpose(1, 2).reshape(-1, 3 * SIDE**2).double()
    variances, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
    # An eigenvector's sign is the solver's whim.
    directions = directions * directions.sum(dim=0).sign()
    filters = (directions / torch.sqrt(variances + EPSILON)).T.flip(0).reshape(-1, 3, SIDE, SIDE)
    return torch.cat([filters, -filters]).to(images.dtype)


def whitening_layers(model: nn.Module) -> list[Whitening]:
    """The layers of a model that want to see images before training."""
    return [module for module in model.modules() if isinstance(module, Whitening)]
