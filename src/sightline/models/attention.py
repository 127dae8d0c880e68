"""CBAM behind the stages of a network, if it has convolutional ones."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from sightline.errors import UsageError
from sightline.models.networks.cbam import NAME, convolutional_stages, insert_cbam


def add_cbam(network: nn.Module, sketch: Callable[[], nn.Module], side: int, name: str, *, is_open: bool) -> None:
    """Put a CBAM behind each convolutional stage of a network, in place.

    Args:
        network: to be changed.
        sketch: makes the same anew; called with the meta device as the default.
        side: pixels of a square image that it takes.
        name: of the network, for what is said.
        is_open: whether the gates let nearly everything pass at first, for the sake of learned weights.

    Raises:
        UsageError: it has no such stages.
    """
    with torch.device("meta"):
        stages = convolutional_stages(sketch().eval(), side)
    if not stages:
        raise UsageError(
            f"model.cbam=true goes behind convolutional stages, and {name} has none; take model.cbam=false"
        )
    insert_cbam(network, stages, is_open=is_open)


def holds_cbam(state: Mapping[str, Tensor]) -> bool:
    """Whether weights are of a network with CBAM."""
    return any(NAME in name.split(".") for name in state)
