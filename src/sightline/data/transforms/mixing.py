"""MixUp and CutMix: each image may take something of its neighbour in the batch, and its label the same share."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.special import betaincinv
from torch import Tensor

from sightline.config.transforms import MixingConfig
from sightline.data.randomness import uniform
from sightline.data.transforms.colour import like
from sightline.data.transforms.erasing import inside


def is_on(config: MixingConfig) -> bool:
    """Whether some image of some batch may be mixed."""
    return config.probability > 0 and config.stop_at > 0 and (config.mixup_alpha > 0 or config.cutmix_alpha > 0)


def mix(
    images: Tensor,
    labels: Tensor,
    num_classes: int,
    config: MixingConfig,
    *,
    seed: int,
    epoch: int,
    counters: NDArray[np.int64],
    progress: float,
) -> tuple[Tensor, Tensor]:
    """Blend images (MixUp, Zhang et al. 2017) or paste a box of one into another (CutMix, Yun et al. 2019).

    Each image draws whether it mixes, by which of the two where both are on, its own share from Beta(alpha, alpha),
    and its own box; the partner is the image before it in the batch. CutMix's share is the area truly kept.

    Args:
        images: float (B, C, H, W).
        labels: int64 (B,).
        num_classes: K.
        config: what is on, how often and until when.
        seed: the run's seed.
        epoch: counted from 0.
        counters: (B,) what the random numbers of each image are counted by.
        progress: share of the training that is done, 0 … 1; from `config.stop_at` on nothing is mixed.

    Returns:
        Images, and float32 (B, K) labels that sum to one; both as they came where nothing is mixed.
    """
    numbers = uniform(seed, epoch, counters, 5, "mixing").astype(np.float64)
    mixup, cutmix = _kinds(config, numbers, progress)
    if len(images) < 2 or not (mixup | cutmix).any():
        return images, labels
    share = np.where(mixup, _beta(config.mixup_alpha, numbers[:, 2]), 1.0)
    boxes = np.where(cutmix[:, None], _boxes(_beta(config.cutmix_alpha, numbers[:, 2]), numbers[:, 3:], images), 0)
    pasted = inside(torch.from_numpy(boxes).to(images.device), images.shape[2], images.shape[3])[:, None]
    kept = like(images, share)[:, None, None, None].expand_as(pasted).masked_fill(pasted, 0.0)
    # Multiplied on both sides, not interpolated: a pixel kept whole then stays as it was, to the bit.
    mixed = (images * kept).add_(images.roll(1, 0) * (1 - kept))
    return mixed, _shared_labels(labels, num_classes, share - boxes[:, 2:].prod(axis=1) / pasted[0].numel())


def _kinds(
    config: MixingConfig, numbers: NDArray[np.float64], progress: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(B,) which images blend and (B,) which paste; never both."""
    on = config.mixup_alpha > 0, config.cutmix_alpha > 0
    mixes = (numbers[:, 0] < config.probability) & (progress < config.stop_at)
    blends = numbers[:, 1] < (0.5 if all(on) else float(on[0]))
    return mixes & blends, mixes & ~blends & on[1]


def _beta(alpha: float, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Uniforms as draws of Beta(alpha, alpha), by its quantiles."""
    shares: NDArray[np.float64] = betaincinv(alpha, alpha, numbers) if alpha else np.ones_like(numbers)
    return shares


def _boxes(share: NDArray[np.float64], numbers: NDArray[np.float64], images: Tensor) -> NDArray[np.int64]:
    """(B, 4) top, left, height, width of boxes of area 1 - share around any pixel, cut off at the edges."""
    size = np.array(images.shape[2:])
    half = np.floor(size * np.sqrt(1 - share)[:, None]) // 2
    centre = np.floor(numbers * size)
    start, end = np.clip(centre - half, 0, size), np.clip(centre + half, 0, size)
    return np.concatenate([start, end - start], axis=1).astype(np.int64)


def _shared_labels(labels: Tensor, num_classes: int, share: NDArray[np.float64]) -> Tensor:
    own = F.one_hot(labels, num_classes).float()
    kept = torch.from_numpy(share.astype(np.float32)).to(labels.device)[:, None]
    return own * kept + own.roll(1, 0) * (1 - kept)
