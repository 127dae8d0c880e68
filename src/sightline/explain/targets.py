"""What is explained: one number an image, out of the outputs of a network and a target for each image."""

from collections.abc import Callable

from torch import Tensor

from sightline.models.outputs import Outputs, only_tensor

TargetScore = Callable[[Outputs, Tensor], Tensor]
"""From the outputs for B images and their targets (B, …) to (B,): what places of an image may speak for."""


def class_logit(outputs: Outputs, targets: Tensor) -> Tensor:
    """The logit, before softmax, of the class (B,) that is the target of each image."""
    return only_tensor(outputs).gather(1, targets[:, None])[:, 0]
