"""AugMix (Hendrycks et al. 2020): an image is mixed from itself and from several chains of operations on it.

Operations, bins and the laws of the weights are torchvision's. Unlike other policies' geometry, that of a chain is read
from the finished square, and happens in its place among the pixel operations; warps that follow each other are one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import betaincinv
from torch import Tensor

from sightline.config.transforms import PolicyConfig
from sightline.data.randomness import Draw
from sightline.data.transforms.colour import like
from sightline.data.transforms.geometry import Geometry, Matrices, compose, identity
from sightline.data.transforms.policies.apply import apply_operations, warps
from sightline.data.transforms.policies.draw import (
    COLOURS,
    FEW_BINS,
    GEOMETRIC,
    NAMES,
    Operations,
    of_strength,
    ranges,
)
from sightline.data.transforms.policies.operations import OPERATIONS
from sightline.data.transforms.sampling import sample

CHAINED = (*GEOMETRIC, "posterize", "solarize", "autocontrast", "equalize")
"""What chains are made of; with `all_ops` of `COLOURS` too."""
DEEPEST = 3
"""Operations of the longest chain whose depth is drawn."""


@dataclass(frozen=True)
class Mixture:
    """What each image of a batch is mixed from.

    Attributes:
        chains: the operations (B, depth) of each, `identity` at the end of shorter ones.
        weights: (B, 1 + chains), at least 0, sum 1: of the image as it came, and of what each chain makes of it.
    """

    chains: tuple[Operations, ...]
    weights: NDArray[np.float64]


def mix_chains(pixels: Tensor, config: PolicyConfig, draw: Draw, fill: tuple[float, ...]) -> Tensor:
    """Mix each image with what chains of operations make of it.

    Args:
        pixels: uint8 (B, 3, side, side).
        config: the policy; all but `augmix` leave the pixels as they are.
        draw: counted uniforms.
        fill: what a warp lays bare, a number for each channel.

    Returns:
        uint8 (B, 3, side, side), rounded once.
    """
    if config.name != "augmix":
        return pixels
    mixture = draw_mixture(config, len(pixels), pixels.shape[2], draw)
    first, *others = like(pixels, mixture.weights)[..., None, None, None].unbind(dim=1)
    # Products and sums round one at a time: a fused step would depend on a pixel's place in memory.
    mixed = pixels * first
    for chain, weight in zip(mixture.chains, others, strict=True):
        mixed += through(pixels, chain, fill) * weight
    return mixed.round_().to(torch.uint8)


def draw_mixture(config: PolicyConfig, n: int, side: int, draw: Draw) -> Mixture:
    """Draw chains and weights: operations equally likely, of the first `severity` bins, and any depth up to 3."""
    width, fixed = config.mixture_width, config.chain_depth
    deepest = fixed if fixed > 0 else DEEPEST
    numbers = draw(width * (2 + 3 * deepest), "policy").astype(np.float64)
    lengths, steps = np.split(numbers[:, width:], [width], axis=1)
    steps = steps.reshape(n, width, deepest, 3)
    pool = np.array([NAMES.index(name) for name in (*CHAINED, *(COLOURS if config.all_ops else ()))])
    chosen = pool[np.floor(steps[..., 0] * len(pool)).astype(np.int64)]
    if fixed <= 0:
        reached = np.arange(deepest) <= np.floor(lengths * deepest)[..., None]
        chosen = np.where(reached, chosen, NAMES.index("identity"))
    level = np.floor(steps[..., 1] * config.severity) / (FEW_BINS - 1)
    found = of_strength(chosen, level, steps[..., 2] < 0.5, ranges(config.name, side))
    chains = tuple(Operations(found.names[:, chain], found.values[:, chain]) for chain in range(width))
    return Mixture(chains, weights(config.alpha, numbers[:, :width]))


def weights(alpha: float, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Uniforms (B, chains) as weights (B, 1 + chains).

    That of the image as it came is from Beta(alpha, alpha); what it leaves is shared out among the chains as a
    Dirichlet of alphas, by breaking a stick: each piece is a share of what is left, from a Beta.
    """
    width = numbers.shape[1]
    left = np.ones(len(numbers))
    pieces = []
    for piece, rest in enumerate((1, *range(width - 1, 0, -1))):
        pieces.append(left * betaincinv(alpha, rest * alpha, numbers[:, piece]))
        left = left - pieces[-1]
    return np.stack([*pieces, left], axis=1)


def through(pixels: Tensor, chain: Operations, fill: tuple[float, ...]) -> Tensor:
    """What the operations of a chain make of each image, in their order; uint8 in and out, the images stay."""
    changed, side = pixels.clone(), pixels.shape[2]
    warp = identity(len(pixels))
    for step in range(chain.names.shape[1]):
        one = Operations(chain.names[:, step : step + 1], chain.values[:, step : step + 1])
        warp = compose(warp, warps(one, side))
        due = np.isin(one.names[:, 0], tuple(OPERATIONS))
        _move(changed, warp, due, fill)
        warp[due] = identity(1)
        apply_operations(changed, one)
    _move(changed, warp, np.ones(len(pixels), dtype=np.bool_), fill)
    return changed


def _move(pixels: Tensor, warp: Matrices, due: NDArray[np.bool_], fill: tuple[float, ...]) -> None:
    """Sample the images that are due by their warps, in place."""
    geometry = Geometry(identity(len(warp)), warp, pixels.shape[2])
    moving = due & geometry.warped
    if moving.any():
        rows = torch.from_numpy(np.flatnonzero(moving)).to(pixels.device)
        sizes = np.full((len(rows), 2), geometry.side, dtype=np.int64)
        pixels[rows] = sample(pixels[rows], sizes, geometry.take(moving), "bilinear", fill)
