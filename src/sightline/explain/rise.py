"""RISE: the scores of randomly covered copies of an image, as a mean of their masks (Petsiuk et al. 2018)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.finish import explaining, finished, joined, parts
from sightline.explain.held import held
from sightline.explain.targets import TargetScore, class_logit

MASKS = 500


def rise(
    network: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    score: TargetScore = class_logit,
    batch_size: int = 32,
    masks: int = MASKS,
    cells: int = 7,
    shown: float = 0.5,
    seed: int = 0,
) -> Tensor:
    """Maps (B, H, W) of how much the score rises where a place is seen, from its mean over all masks; 1 at the most.

    The paper adds up masks weighted by their scores. The mean score is subtracted here first, which changes the
    expected map by a constant only, and its noise by much. What is covered has the mean colour, 0 after normalisation.
    Every image gets the same masks, so that its map depends on nothing beside it.

    Args:
        network: any.
        images: (B, 3, H, W), normalised.
        targets: (B, …), what is explained of each image.
        score: what the network says of each image's target.
        batch_size: how many images are worked on at once, which bounds memory.
        masks: how many; the paper takes 4,000 to 8,000 of 224 pixels.
        cells: of a mask, in each direction.
        shown: the chance of a cell to be seen.
        seed: of the masks; the global random state is not used.
    """
    size = (images.shape[2], images.shape[3])
    found = list[Tensor]()
    with explaining(network, gradients=False):
        for some, wanted in parts(images, targets, batch_size):
            drawn = torch.Generator().manual_seed(seed)
            fixed, wanted = held(score, network(some.clone()), wanted)
            seen, scores, both = torch.zeros(size), torch.zeros(len(some)), torch.zeros(len(some), *size)
            for _ in range(masks):
                mask = draw_mask(size, cells, shown, drawn)
                value = fixed(network(some * mask.to(some)), wanted).float().cpu()
                seen, scores = seen + mask, scores + value
                both += value[:, None, None] * mask
            rises = both / masks - (scores / masks)[:, None, None] * (seen / masks)
            found.append(finished(rises, size).to(some.device))
    return joined(found, images)


def draw_mask(size: tuple[int, int], cells: int, shown: float, drawn: torch.Generator) -> Tensor:
    """(H, W) from 0 to 1: a random grid, enlarged bilinearly to a cell more than the image, cut at a random place."""
    steps = [math.ceil(side / cells) for side in size]
    grid = (torch.rand(1, 1, cells, cells, generator=drawn) < shown).float()
    large = F.interpolate(grid, size=[(cells + 1) * step for step in steps], mode="bilinear", align_corners=False)[0, 0]
    top, left = (int(torch.randint(step, (), generator=drawn)) for step in steps)
    return large[top : top + size[0], left : left + size[1]]
