"""A score that picks pixels by the answer, as that of a class of a mask does, held to the pixels of the first answer.

Covered, noisy or darkened copies of an image are answered otherwise: the class is called in other places, or nowhere.
What is explained is the answer to the image itself.
"""

import torch
from torch import Tensor

from sightline.explain.targets import TargetScore
from sightline.models.outputs import Outputs, map_outputs, tensors_of


def held(score: TargetScore, outputs: Outputs, targets: Tensor) -> tuple[TargetScore, Tensor]:
    """The same score with whatever it picks by the outputs fixed, and targets to go with it.

    Only what is linear in the outputs but for such a choice can be held, which is seen by its value: others, and scores
    of single labels, which pick nothing, come back as they are.

    Args:
        score: of the outputs.
        outputs: for B images as they are.
        targets: (B, …), what is explained of each.
    """
    if all(one.ndim <= 2 for one in tensors_of(outputs)):
        return score, targets
    with torch.enable_grad():
        leaves = map_outputs(lambda one: one.detach().clone().requires_grad_(), outputs)
        values = score(leaves, targets)
        if not values.requires_grad:
            return score, targets
        slopes = torch.autograd.grad(values.sum(), tensors_of(leaves), allow_unused=True)

    def fixed(others: Outputs, images: Tensor) -> Tensor:
        """(n,) the score of other outputs for some of the B images."""
        total = torch.zeros(len(images), device=images.device)
        for one, slope in zip(tensors_of(others), slopes, strict=True):
            if slope is not None:
                total = total + (one.float() * slope[images].float()).flatten(1).sum(dim=1)
        return total

    everyone = torch.arange(len(values), device=values.device)
    if not torch.allclose(fixed(outputs, everyone), values.detach().float(), rtol=1e-3, atol=1e-4):
        return score, targets
    return fixed, everyone
