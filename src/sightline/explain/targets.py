"""What is explained: one number an image, out of the outputs of a network and a target for each image."""

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor

from sightline.errors import UsageError
from sightline.models.outputs import Outputs, only_tensor

TargetScore = Callable[[Outputs, Tensor], Tensor]
"""From the outputs for B images and their targets (B, …) to (B,): what places of an image may speak for."""
NONE: Final = -1
"""Stands for no second class."""


def class_logit(outputs: Outputs, targets: Tensor) -> Tensor:
    """The logit, before softmax, of the class of each image, or by how much it exceeds that of another.

    Args:
        outputs: logits (B, classes).
        targets: (B,) the class; or (B, 2) the class and the one that it is set against, which may be `NONE`.

    Raises:
        UsageError: the logits are of pixels.
    """
    logits = only_tensor(outputs)
    if logits.ndim != 2:
        raise UsageError(f"logits of shape {tuple(logits.shape)} are of pixels: give score=class_of_mask")
    return difference(logits.gather(1, classes_of(targets)), targets)


def classes_of(targets: Tensor) -> Tensor:
    """(B, 1) or (B, 2) the classes that targets are about, each one that there is."""
    return targets.reshape(len(targets), -1).clamp(min=0)


def difference(values: Tensor, targets: Tensor) -> Tensor:
    """(B,) the value of the class of each image, or by how much it exceeds that of the other.

    Args:
        values: (B, 1) or (B, 2), of the classes that `classes_of` gives.
        targets: (B,) or (B, 2).
    """
    if targets.ndim == 1:
        return values[:, 0]
    return torch.where(targets[:, 1] == NONE, values[:, 0], values[:, 0] - values[:, 1])


def set_against(targets: Tensor, scores: Tensor, versus: int | None) -> Tensor:
    """Targets of the question "why this class and not that one".

    Args:
        targets: (n,) the class of each image.
        scores: (n, classes) how near each class came; an image whose class is `versus` is set against its next best.
        versus: the other class, or None: the class alone is explained.

    Returns:
        (n,) as they were, or (n, 2); the second is `NONE` where there is no other class.
    """
    if versus is None:
        return targets
    others = scores.double().scatter(1, targets[:, None], float("-inf"))
    best, runner_up = others.max(dim=1)
    second = torch.where(targets == versus, runner_up.masked_fill(best == float("-inf"), NONE), versus)
    return torch.stack([targets, second], dim=1)


def named_class(key: str, name: str | None, names: Sequence[str]) -> int | None:
    """The class that a key of the configuration names, if it names one.

    Raises:
        UsageError: there is none of this name.
    """
    if name is None:
        return None
    if name not in names:
        raise UsageError(f"{key}={name} is no class; there are {', '.join(names)}")
    return list(names).index(name)
