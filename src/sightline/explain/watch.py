"""Attention of any network, by watching what it calls: without a hook, and without a bit of its answers changed."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

SOFTMAX: Final = (F.softmax, torch.softmax, Tensor.softmax, torch.nn.functional.softmax)
"""What attention is made with where it is not one fused call."""


class Watch(TorchFunctionMode):
    """Hands over every attention (…, queries, keys) that is computed while this is entered; rows add up to 1.

    Works on eager modules, not on compiled or traced ones.

    Args:
        take: called with each, in the order of the network.
    """

    def __init__(self, take: Callable[[Tensor], None]) -> None:
        super().__init__()
        self._take = take

    def __torch_function__(
        self,
        func: Callable[..., Tensor],
        types: Iterable[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        """Call what was called, and look at what went in or came out."""
        given = dict(kwargs or {})
        result = func(*args, **given)
        if func is F.scaled_dot_product_attention:
            self._take(weights(*args, **given))  # type: ignore[arg-type]
        elif func in SOFTMAX and result.ndim >= 3 and _is_last(result, args, given):
            self._take(result)
        return result


def _is_last(result: Tensor, args: tuple[object, ...], given: Mapping[str, object]) -> bool:
    """Whether a softmax runs along the last dimension."""
    dim = given.get("dim", args[1] if len(args) > 1 else None)
    return dim in {-1, result.ndim - 1}


def weights(
    query: Tensor,
    key: Tensor,
    value: Tensor,  # noqa: ARG001 - as the function that is watched
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,  # noqa: ARG001
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """(…, queries, keys) the attention inside `scaled_dot_product_attention`, by its definition."""
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], dim=-3)
    logits = query @ key.transpose(-2, -1) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        logits = logits.masked_fill(torch.ones_like(logits, dtype=torch.bool).triu(1), float("-inf"))
    if attn_mask is not None:
        is_bool = attn_mask.dtype == torch.bool
        logits = logits.masked_fill(~attn_mask, float("-inf")) if is_bool else logits + attn_mask
    return logits.softmax(dim=-1)
