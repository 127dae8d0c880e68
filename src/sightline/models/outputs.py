"""What a model gives: a tensor, or one for each of its heads; one map over both, so that nobody else asks which."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

Outputs = Tensor | Mapping[str, Tensor]
"""(n, …) of a model with one head, or such a tensor for each head by its name."""


def map_outputs(function: Callable[..., Tensor], *outputs: Outputs) -> Outputs:
    """Apply a function to outputs of equal shape: once to tensors, once for each head to mappings.

    Args:
        function: takes as many tensors as there are outputs.
        outputs: all tensors, or all mappings with the heads of the first.
    """
    first = outputs[0]
    if isinstance(first, Tensor):
        return function(*outputs)
    return {head: function(*(by_head(one)[head] for one in outputs)) for head in first}


def concatenate(outputs: Sequence[Outputs]) -> Outputs:
    """The outputs of several batches as those of one."""
    return map_outputs(lambda *tensors: torch.cat(tensors), *outputs)


def tensors_of(outputs: Outputs) -> list[Tensor]:
    """The tensor, or those of all heads."""
    return [outputs] if isinstance(outputs, Tensor) else list(outputs.values())


def only_tensor(outputs: Outputs) -> Tensor:
    """The outputs of a model with one head.

    Raises:
        TypeError: it has several.
    """
    if isinstance(outputs, Tensor):
        return outputs
    raise TypeError(f"the outputs are of several heads: {', '.join(outputs)}")


def by_head(outputs: Outputs) -> Mapping[str, Tensor]:
    """The outputs of a model with several heads.

    Raises:
        TypeError: it has one, without a name.
    """
    if isinstance(outputs, Tensor):
        raise TypeError("the outputs are one tensor, of a head without a name")
    return outputs
