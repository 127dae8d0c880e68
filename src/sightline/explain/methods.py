"""The methods there are. A new one is a file beside this one and a line in the table."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor, nn

from sightline.explain.gradcam import gradcam
from sightline.explain.targets import TargetScore


class Method(Protocol):
    """How every method is called."""

    def __call__(self, network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore) -> Tensor:
        """Maps (B, H, W) of what speaks for the targets of B images."""


METHODS: Mapping[str, Method] = {"gradcam": gradcam}
"""By `explain.method`."""
