"""Where in a network to look: the layer and the token grid, found for any of timm's families without an argument."""

import re
from typing import Literal, NamedTuple

from torch import Tensor, nn

from sightline.errors import RunFailedError

Kind = Literal["features", "tokens", "convolution", "maps", "pixels", "attention", "layer"]
FEATURES = "forward_features"
ATTENTION_INPUT = re.compile(r"(^|\.)(norm1|in_norm|norm_out|attns\.\d+\.norm)$")
"""The norm that a block's attention reads from, by the names that timm's families give it."""
MOST_PREFIX_TOKENS = 16
"""More class and register tokens than any model has."""


class TargetLayer(NamedTuple):
    """The layer whose output is explained.

    Attributes:
        name: of the module, or `forward_features` for the last features before pooling.
        kind: `features`: what the head pools; `tokens`: what the last attention reads; `convolution`: the last one;
            `maps`: what the model itself names as `explained_layer`; `pixels`, `attention`: no layer, see `Method`.
    """

    name: str
    kind: Kind


def target_layer(model: nn.Module) -> TargetLayer:
    """The last layer that still knows where things are and that the logits depend on everywhere.

    As a rule these are the features before pooling. A model that classifies from its class token never looks at the
    other tokens after its last attention: their gradient is zero there, so what that attention reads is taken. A model
    whose heads read several maps says itself which one it is.

    Raises:
        RunFailedError: the model has no such layer.
    """
    modules = [name for name, _ in model.named_modules()]
    named = getattr(model, "explained_layer", None)
    if isinstance(named, str):
        return TargetLayer(named, "maps")
    if getattr(model, "global_pool", None) == "token":
        inputs = [name for name in modules if ATTENTION_INPUT.search(name)]
        if inputs:
            return TargetLayer(inputs[-1], "tokens")
    if hasattr(model, "forward_features") and hasattr(model, "forward_head"):
        return TargetLayer(FEATURES, "features")
    convolutions = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    if convolutions:
        return TargetLayer(convolutions[-1], "convolution")
    raise RunFailedError(f"Grad-CAM finds neither features nor a convolution in {type(model).__name__}")


def as_maps(model: nn.Module, activation: Tensor, size: tuple[int, int]) -> Tensor:
    """Lay features out as maps (B, C, h, w): tokens lose their class and register tokens and become a grid.

    Args:
        model: what made them.
        activation: (B, C, h, w), (B, h, w, C) or (B, tokens, C).
        size: height and width of the images.

    Raises:
        RunFailedError: the features have no such layout.
    """
    if activation.ndim == 4:
        return activation.permute(0, 3, 1, 2) if _channels_come_last(model, activation) else activation
    if activation.ndim != 3:
        raise RunFailedError(f"Grad-CAM cannot lay out features of shape {tuple(activation.shape)} as maps")
    height, width = token_grid(model, activation.shape[1], size)
    patches = activation[:, activation.shape[1] - height * width :]
    return patches.transpose(1, 2).reshape(len(patches), -1, height, width)


def token_grid(model: nn.Module, tokens: int, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the grid that the last of some tokens form; those before it are class or register tokens.

    Raises:
        RunFailedError: no grid has the shape of the image.
    """
    known = getattr(getattr(model, "patch_embed", None), "grid_size", None)
    if known is not None and len(known) == 2 and 0 <= tokens - known[0] * known[1] <= MOST_PREFIX_TOKENS:
        return int(known[0]), int(known[1])
    stated = getattr(model, "num_prefix_tokens", None)
    for extra in range(MOST_PREFIX_TOKENS) if stated is None else (stated, 0):
        grid = _grid_like(tokens - extra, size)
        if grid is not None:
            return grid
    raise RunFailedError(f"Grad-CAM finds no grid of the shape of a {size[0]} x {size[1]} image in {tokens} tokens")


def _grid_like(patches: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """The grid of so many patches whose sides are as those of the image, to within a patch."""
    if patches < 1:
        return None
    height = max(1, round((patches * size[0] / size[1]) ** 0.5))
    width = patches // height
    fits = height * width == patches and abs(width - height * size[1] / size[0]) < 1
    return (height, width) if fits else None


def _channels_come_last(model: nn.Module, activation: Tensor) -> bool:
    stated = getattr(model, "output_fmt", None)
    if isinstance(stated, str):
        return stated == "NHWC"
    features = getattr(model, "num_features", None)
    return features == activation.shape[3] != activation.shape[1]
