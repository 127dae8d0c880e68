"""How the losses of several targets become the one that trains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from sightline.tasks.objective import Losses


class Balance(Protocol):
    """What each loss weighs."""

    def total(self, losses: Losses) -> Tensor:
        """The one number that trains; what no item bears has no part in it."""

    @property
    def learned(self) -> nn.Module | None:
        """What is trained of it, if anything."""


@dataclass(frozen=True)
class FixedWeights:
    """Weights that stay.

    Attributes:
        weights: by target.
    """

    weights: Mapping[str, float]
    learned: None = None

    def total(self, losses: Losses) -> Tensor:
        """The weighted sum."""
        first, *others = (self.weights[name] * loss.mean for name, loss in losses.items())
        return sum(others, first)


class LearnedWeights(nn.Module):
    """Weights by the uncertainty of each target, which is learned with the network (Kendall et al. 2018).

    A loss is taken for a negative log-likelihood at a variance exp(s): exp(-s) times the loss, and s / 2 for claiming
    so large a variance. At the minimum of s a loss L weighs 1 / (2 L), so that none drowns another by its scale.

    Args:
        targets: the names of the losses.
    """

    def __init__(self, targets: tuple[str, ...]) -> None:
        super().__init__()
        self.log_variances = nn.Parameter(torch.zeros(len(targets)))
        self._targets = targets

    def total(self, losses: Losses) -> Tensor:
        """The sum over the targets that some item bears: of the others nothing is learned."""
        terms = [
            losses[name].mean * torch.exp(-log_variance) + log_variance / 2 if losses[name].items else losses[name].mean
            for name, log_variance in zip(self._targets, self.log_variances.unbind(), strict=True)
        ]
        return torch.stack(terms).sum()

    @property
    def learned(self) -> nn.Module:
        """All of it."""
        return self
