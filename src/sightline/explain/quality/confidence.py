"""How surely a network still says of a changed image what it said of the untouched one: a number from 0 to 1."""

from collections.abc import Callable

from torch import Tensor

from sightline.models.outputs import Outputs, only_tensor

Confidence = Callable[[Outputs, Tensor, Outputs], Tensor]
"""From outputs for B changed images, their targets (B, …) and the outputs for them untouched, to (B,) in 0…1."""


def class_probability(outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:  # noqa: ARG001 - one call shape
    """The probability of the class (B,) that is the target of each image, of (B, classes) logits."""
    return only_tensor(outputs).float().softmax(dim=1).gather(1, targets[:, None])[:, 0]


def mask_probability(outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:
    """The mean probability of a class (B,) over the pixels that were called it in the untouched image.

    Over pixels that stay the same ones: those still called so in a changed image are few and sure. 0 where there were
    none; logits are (B, classes, h, w).
    """
    called = only_tensor(untouched).argmax(dim=1) == targets[:, None, None]
    shares = only_tensor(outputs).float().softmax(dim=1)
    of_class = shares.gather(1, targets[:, None, None, None].expand(-1, 1, *shares.shape[2:]))[:, 0]
    return (of_class * called).sum(dim=(1, 2)) / called.sum(dim=(1, 2)).clamp(min=1)
