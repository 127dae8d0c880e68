"""Integrated gradients: what each pixel brings on the way from a baseline (Sundararajan et al. 2017)."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sightline.explain.finish import explaining, finished, parts
from sightline.explain.held import held
from sightline.explain.saliency import scores_and_gradients
from sightline.explain.targets import TargetScore, class_logit
from sightline.explain.way import KEPT, Point, Way, midpoints

STEPS = 16
"""Points on the way that every image gets."""
TOLERANCE = 0.01
"""How far the attributions of an image may be from complete before it gets more."""
MOST = 512
"""Points that no image gets more of."""
HELD_BYTES = 2**28
"""Of attributions of single points, about; fewer images are worked on at once where they would take more."""


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
    """Integrate by the midpoint rule; each image that is not complete gets more points where it misses, till it is.

    Between two points lies a trapezoid, which is the midpoint rule as long as they are equally far apart. The pieces
    whose trapezoid misses most of what the score does there are split (see `way`). No gradient is computed twice.

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
    together = max(1, min(batch_size, HELD_BYTES // (4 * max(KEPT, steps) * max(1, images[0:1].numel()))))
    with explaining(network, gradients=True):
        for some, wanted in parts(images, targets, together):
            start = torch.as_tensor(baseline, dtype=some.dtype, device=some.device).expand_as(some)
            found.append(_complete(network, some, start, wanted, score, (steps, most), tolerance, batch_size))
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
    batch_size: int,
) -> Attributions:
    """Of one part of the images; `limits` are the first and the largest number of points."""
    count, most = limits
    with torch.no_grad():
        outputs = network(images.clone())
        score, targets = held(score, outputs, targets)
        last, first = (score(outputs, targets), score(network(start.clone()), targets))
    ends = zip(first.float().tolist(), last.float().tolist(), strict=True)
    ways = [Way(*both, kept=max(KEPT, count)) for both in ends]
    wanted = [(row, at) for at in midpoints(count) for row in range(len(images))]
    while wanted:
        for begin in range(0, len(wanted), batch_size):
            some = wanted[begin : begin + batch_size]
            for row, point in _points(network, images, start, targets, score, some):
                ways[row].add(point)
        wanted = [(row, at) for row in sorted({row for row, _ in wanted}) for at in ways[row].next(tolerance, most)]
    errors = torch.tensor([way.error for way in ways], dtype=torch.float32, device=images.device)
    taken = torch.tensor([len(way.points) for way in ways], device=images.device)
    return Attributions(torch.stack([way.values() for way in ways]), errors, taken)


def _points(
    network: nn.Module,
    images: Tensor,
    start: Tensor,
    targets: Tensor,
    score: TargetScore,
    wanted: list[tuple[int, float]],
) -> Iterator[tuple[int, Point]]:
    """What is found at places on the ways of some of the images, in one pass: the row of the image, and the point."""
    rows, places = (list(each) for each in zip(*wanted, strict=True))
    at = torch.tensor(places, dtype=torch.float32, device=images.device).view(-1, 1, 1, 1)
    begin = start[rows].float()
    way = images[rows].float() - begin
    scores, gradients = scores_and_gradients(network, (begin + at * way).to(images.dtype), targets[rows], score)
    each = gradients * way
    slopes, sizes = (one.flatten(1).sum(dim=1).tolist() for one in (each, each.abs()))
    for row, place, reached, slope, size, one in zip(rows, places, scores.tolist(), slopes, sizes, each, strict=True):
        yield row, Point(place, reached, slope, size, one.clone())
