"""Saliency: how much the score changes with each pixel (Simonyan et al. 2013)."""

import torch
from torch import Tensor, nn

from sightline.errors import RunFailedError
from sightline.explain.finish import explaining, finished, joined, parts
from sightline.explain.targets import TargetScore, class_logit


def saliency(
    network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore = class_logit, batch_size: int = 32
) -> Tensor:
    """Maps (B, H, W) of the largest absolute gradient of the channels of each pixel, as normalised, 1 at the most.

    Arguments are those of `gradcam`; every network that has gradients is taken.
    """
    found = list[Tensor]()
    with explaining(network, gradients=True):
        for some, wanted in parts(images, targets, batch_size):
            slopes = pixel_gradients(network, some, wanted, score)
            found.append(finished(slopes.abs().amax(dim=1), (images.shape[2], images.shape[3])))
    return joined(found, images)


def pixel_gradients(network: nn.Module, images: Tensor, targets: Tensor, score: TargetScore) -> Tensor:
    """(B, 3, H, W) the gradient of each image's score in its pixels, in float32; call it within `explaining`.

    Raises:
        RunFailedError: the network gives none.
    """
    return scores_and_gradients(network, images, targets, score)[1]


def scores_and_gradients(
    network: nn.Module, images: Tensor, targets: Tensor, score: TargetScore
) -> tuple[Tensor, Tensor]:
    """(B,) scores and (B, 3, H, W) their gradients, both of one pass; otherwise as `pixel_gradients`."""
    pixels = images.detach().requires_grad_()
    # A copy: a network may work in place, which is not allowed on what the gradient is asked of.
    scores = score(network(pixels.clone()), targets)
    if not scores.requires_grad:
        raise RunFailedError(f"{type(network).__name__} gives no gradient in its pixels: take occlusion or rise")
    (slopes,) = torch.autograd.grad(scores.sum(), [pixels])
    return scores.detach().float(), slopes.float()
