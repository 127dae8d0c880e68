"""Cascading randomisation (Adebayo et al. 2018): whether a map changes when what the network learned is taken away."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sightline.explain.quality.correlation import spearman

STAGES: Final = 5
"""How often more layers are randomised; at last all are."""


@dataclass(frozen=True)
class Cascade:
    """What is left of the maps.

    Attributes:
        layers: the module at which each stage ends, from the output to the input.
        correlations: (stages, B) Spearman's, of each map with that of the network as it was. 0 where the new one is the
            same everywhere, and so nothing is left; NaN where the old one was.
    """

    layers: tuple[str, ...]
    correlations: NDArray[np.float64]

    @property
    def at_last(self) -> NDArray[np.float64]:
        """(B,) once every layer is random."""
        return np.asarray(self.correlations[-1])


def cascade(
    network: nn.Module,
    images: Tensor,
    maps: Tensor,
    explained: Callable[[nn.Module], Tensor],
    *,
    stages: int = STAGES,
    batch_size: int = 64,
    seed: int = 0,
) -> Cascade:
    """Randomise a copy of the network from its output to its input, and explain the same images after each stage.

    A map that stays as it was shows the image, as an edge detector does, and not what was learned.

    Args:
        network: is not touched.
        images: (B, C, H, W), normalised, which the maps are of.
        maps: (B, H, W) of it.
        explained: makes maps of the same images and targets of another network.
        stages: at most so many; the head alone is the first.
        batch_size: images at once, where statistics of normalisation are found anew.
        seed: of the random weights; the state of the global generators stays as it is.
    """
    other, drawn = deepcopy(network), torch.Generator().manual_seed(seed)
    found, names = list[NDArray[np.float64]](), list[str]()
    there = np.where(np.isnan(spearman(maps, maps)), np.nan, 0.0)
    for group in parts(other, stages):
        for name in group:
            randomise(other.get_submodule(name), drawn)
        names.append(group[-1] or type(network).__name__)
        settle_norms(other, images, batch_size)
        alike = spearman(maps, explained(other))
        found.append(np.where(np.isnan(alike), there, alike))
    return Cascade(tuple(names), np.stack(found) if found else np.zeros((0, len(maps))))


def parts(network: nn.Module, stages: int) -> list[list[str]]:
    """Names of modules that hold weights themselves, from the output to the input, as they were registered.

    The last is a part of its own, the others are shared out as evenly as they go.
    """
    names = [
        name for name, module in network.named_modules() if next(module.parameters(recurse=False), None) is not None
    ]
    backwards = names[::-1]
    rest = np.array_split(np.array(backwards[1:], dtype=object), max(1, stages - 1))
    return [each for each in (backwards[:1], *(list(part) for part in rest)) if each]


@torch.no_grad()
def randomise(module: nn.Module, drawn: torch.Generator) -> None:
    """Replace the module's own weights by random ones of the same size, so that signals neither grow nor fade.

    Tensors of two or more dimensions are drawn from a normal distribution of their root mean square; vectors, such as
    the scales of normalisation, change places.
    """
    for weight in module.parameters(recurse=False):
        if weight.ndim < 2:
            order = torch.randperm(weight.numel(), generator=drawn).to(weight.device)
            weight.copy_(weight.flatten()[order].view(weight.shape))
        else:
            size = weight.float().square().mean().sqrt()
            weight.copy_(torch.randn(weight.shape, generator=drawn).to(weight.device) * size)


@torch.no_grad()
def settle_norms(network: nn.Module, images: Tensor, batch_size: int) -> None:
    """Batch normalisation takes its statistics from what random weights make of the images.

    With those of the weights that were learned, signals would die or grow, and any map would change for that alone.
    """
    norms = [one for one in network.modules() if isinstance(one, _BatchNorm) and one.track_running_stats]
    if not norms or len(images) < 2:
        return
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
        norm.train()
    for part in torch.tensor_split(images, -(-len(images) // max(2, batch_size))):
        network(part)
    network.eval()
