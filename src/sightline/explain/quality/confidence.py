"""How surely a network still says of a changed image what it said of the untouched one: a number from 0 to 1."""

from collections.abc import Callable

import torch
from torch import Tensor

from sightline.explain.targets import NONE, classes_of
from sightline.models.outputs import Outputs, only_tensor

Confidence = Callable[[Outputs, Tensor, Outputs], Tensor]
"""From outputs for B changed images, their targets (B, …) and the outputs for them untouched, to (B,) in 0…1."""


def class_probability(outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:  # noqa: ARG001 - one call shape
    """The probability of the class of each image; set against another class, that among these two.

    Args:
        outputs: logits (B, classes).
        targets: (B,) or (B, 2), see `explain.targets.class_logit`.
        untouched: not asked.
    """
    logits = only_tensor(outputs).float()
    return _probability(logits.log_softmax(dim=1).gather(1, classes_of(targets)), targets)


def mask_probability(outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:
    """The mean probability of a class over the pixels that were called it in the untouched image; 0 without any.

    Over pixels that stay the same ones: those still called so in a changed image are few and sure.

    Args:
        outputs: logits (B, classes, h, w).
        targets: (B,) or (B, 2), see `explain.targets.class_logit`.
        untouched: logits likewise.
    """
    classes, shares = classes_of(targets), only_tensor(outputs).float().log_softmax(dim=1)
    called = only_tensor(untouched).argmax(dim=1) == classes[:, :1, None]
    chosen = shares.gather(1, classes[:, :, None, None].expand(-1, -1, *shares.shape[2:]))
    pixels = _probability(chosen.flatten(2), targets)
    return (pixels * called.flatten(1)).sum(dim=1) / called.sum(dim=(1, 2)).clamp(min=1)


def _probability(logs: Tensor, targets: Tensor) -> Tensor:
    """(B, …) from logarithms of probabilities (B, 1, …), or (B, 2, …) of a class and the one it is set against."""
    if targets.ndim == 1:
        return logs[:, 0].exp()
    alone = (targets[:, 1] == NONE).view(-1, *(1,) * (logs.ndim - 2))
    return torch.where(alone, logs[:, 0].exp(), (logs[:, 0] - logs[:, 1]).sigmoid())
