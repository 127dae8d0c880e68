"""Integrated gradients: what each pixel brings on the way from a baseline (Sundararajan et al. 2017)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from sightline.explain.finish import explaining, finished, parts
from sightline.explain.held import held
from sightline.explain.saliency import pixel_gradients
from sightline.explain.targets import TargetScore, class_logit

STEPS = 16
"""Points on the way that every image gets."""
TOLERANCE = 0.01
"""How far the attributions of an image may be from complete before it gets more."""
MOST = 1296
"""Points that no image gets more of."""
ROUNDING = 1e-4
"""Share of all attributions, without their signs, below which a difference of scores is rounding."""


class Attributions(NamedTuple):
    """What each value of some images brings.

    Attributes:
        values: (B, 3, H, W) float32, signed.
        error: (B,) how far their sum is from the difference of the scores of image and baseline, as a share of it.
        steps: (B,) int64, points on the way that each image took.
    """

    values: Tensor
    error: Tensor
    steps: Tensor


def integrated_gradients(
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    score: TargetScore = class_logit,
    batch_size: int = 32,
    baseline: Tensor | float = 0.0,
    steps: int = STEPS,
    most: int = MOST,
) -> Tensor:
    """Maps (B, H, W) of what speaks for the target: attributions summed over the channels, where positive, 1 at most.

    Args:
        network: any that has gradients.
        images: (B, 3, H, W), normalised.
        targets: (B, …), what is explained of each image.
        score: what the network says of each image's target.
        batch_size: how many images are worked on at once, which bounds memory.
        baseline: where the way begins; see `attributions`, as for the other arguments.
        steps: points of the first attempt.
        most: points that no image gets more of.
    """
    found = attributions(
        network, images, targets, score=score, batch_size=batch_size, baseline=baseline, steps=steps, most=most
    )
    return finished(found.values.sum(dim=1), (images.shape[2], images.shape[3]))


def attributions(
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    score: TargetScore = class_logit,
    batch_size: int = 32,
    baseline: Tensor | float = 0.0,
    steps: int = STEPS,
    tolerance: float = TOLERANCE,
    most: int = MOST,
) -> Attributions:
    """Integrate by the midpoint rule; each image that is not complete gets three times the points, till it is.

    The midpoints of n parts are also midpoints of 3 n parts, so that no gradient is computed twice.

    Args:
        network: any that has gradients.
        images: (B, 3, H, W), normalised.
        targets: (B, …), what is explained of each image.
        score: what the network says of each image's target.
        batch_size: how many images are worked on at once, which bounds memory.
        baseline: where the way begins, normalised, of a shape that fits an image; 0 is the mean colour that images
            were normalised by, `(0 - mean) / std` black.
        steps: points of the first attempt.
        tolerance: the largest error that is complete.
        most: points that no image gets more of; those that would need more come back with their error.
    """
    found = list[Attributions]()
    with explaining(network, gradients=True):
        for some, wanted in parts(images, targets, batch_size):
            start = torch.as_tensor(baseline, dtype=some.dtype, device=some.device).expand_as(some)
            found.append(_complete(network, some, start, wanted, score, (steps, most), tolerance))
    if not found:
        none = images.new_zeros(0, dtype=torch.float32)
        return Attributions(images.new_zeros(images.shape, dtype=torch.float32), none, none.long())
    return Attributions(*map(torch.cat, zip(*found, strict=True)))


def _complete(
    network: nn.Module,
    images: Tensor,
    start: Tensor,
    targets: Tensor,
    score: TargetScore,
    limits: tuple[int, int],
    tolerance: float,
) -> Attributions:
    """Of one part of the images; `limits` are the first and the largest number of points."""
    count, most = limits
    with torch.no_grad():
        outputs = network(images.clone())
        score, targets = held(score, outputs, targets)
        change = (score(outputs, targets) - score(network(start.clone()), targets)).float()
    way = (images - start).float()
    total = torch.zeros_like(way)
    taken = torch.full((len(images),), count, device=images.device)
    left = torch.arange(len(images), device=images.device)
    points = [(2 * number + 1) / (2 * count) for number in range(count)]
    while True:
        for point in points:
            on_the_way = start[left] + point * (images[left] - start[left])
            total[left] += pixel_gradients(network, on_the_way, targets[left], score)
        values = way * total / taken.view(-1, 1, 1, 1)
        error = _error(values, change)
        left = torch.nonzero(error > tolerance)[:, 0]
        if not len(left) or 3 * count > most:
            return Attributions(values, error, taken)
        count *= 3
        taken[left] = count
        points = [(2 * number + 1) / (2 * count) for number in range(count) if number % 3 != 1]


def _error(values: Tensor, change: Tensor) -> Tensor:
    """(B,) by how much the sums of attributions (B, 3, H, W) miss the change of the scores (B,), as a share of it."""
    missed = (values.sum(dim=(1, 2, 3)) - change).abs()
    rounding = ROUNDING * values.abs().sum(dim=(1, 2, 3))
    size = torch.maximum(change.abs(), rounding)
    return torch.where(size > 0, missed / size.clamp(min=torch.finfo(size.dtype).tiny), missed)
