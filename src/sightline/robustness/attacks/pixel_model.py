"""A classifier as attacks see it: pixels from 0 to 1 in, logits out, normalisation inside."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.config.adversarial import WHITE
from sightline.models.outputs import only_tensor


class Slope(NamedTuple):
    """What is known of a classifier at some images.

    Attributes:
        logits: (B, classes) float32.
        losses: (B,) cross-entropy of the labels.
        gradient: (B, 3, H, W) of each image's loss in its pixels; zeros where the network lets none through.
    """

    logits: Tensor
    losses: Tensor
    gradient: Tensor


class PixelModel:
    """The one way from an attack to a classifier.

    Neither the mode of the network nor its parameters are touched: what is wrong with them is for the checks to find.

    Args:
        network: normalised images to logits, one head.
        normalise: float images on the scale 0 … 255, which it may change, to normalised ones.
    """

    def __init__(self, network: nn.Module, normalise: Callable[[Tensor], Tensor]) -> None:
        self.network = network
        self.normalise = normalise

    def logits(self, images: Tensor) -> Tensor:
        """(B, classes) float32 of images (B, 3, H, W) from 0 to 1, without a graph."""
        with torch.inference_mode(False), torch.no_grad():
            return self._forward(images.clone())

    def slope(self, images: Tensor, labels: Tensor) -> Slope:
        """Logits, losses and gradients of images (B, 3, H, W) from 0 to 1 with labels (B,)."""
        with torch.inference_mode(False), torch.enable_grad():
            pixels = images.detach().clone().requires_grad_()
            logits = self._forward(pixels)
            losses = losses_of(logits, labels.clone())
            gradient = torch.zeros_like(pixels)
            if losses.requires_grad:
                (found,) = torch.autograd.grad(losses.sum(), pixels, allow_unused=True)
                gradient = gradient if found is None else found
        return Slope(logits.detach(), losses.detach(), gradient)

    def _forward(self, images: Tensor) -> Tensor:
        return only_tensor(self.network(self.normalise(images * WHITE))).float()


def from_bytes(pixels: Tensor) -> Tensor:
    """Images uint8 as float32 from 0 to 1; a `PixelModel` gets the same whole numbers back to the bit."""
    return pixels.float() / WHITE


def losses_of(logits: Tensor, labels: Tensor) -> Tensor:
    """(B,) the cross-entropy of labels (B,)."""
    return F.cross_entropy(logits, labels, reduction="none")


def fooled(logits: Tensor, labels: Tensor) -> Tensor:
    """(B,) whether the answer is not the label, or no number."""
    return (logits.argmax(dim=1) != labels) | ~logits.isfinite().all(dim=1)


def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """(B,) by how much the label's logit is above the best other one."""
    own = logits.gather(1, labels[:, None])
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return (own - others.amax(dim=1, keepdim=True))[:, 0]
