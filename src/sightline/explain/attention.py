"""Attention: which places the last attention over the whole image reads, whatever the class."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sightline.errors import RunFailedError
from sightline.explain.finish import explaining, finished, joined, parts
from sightline.explain.targets import TargetScore, class_logit
from sightline.explain.watch import Watch


class Grid(NamedTuple):
    """How tokens stand for places: so many class and register tokens, then rows of places."""

    prefix: int
    height: int
    width: int

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.prefix + self.height * self.width


def attention(
    network: nn.Module, images: Tensor, targets: Tensor, *, score: TargetScore = class_logit, batch_size: int = 32
) -> Tensor:
    """Maps (B, H, W) of the last attention over the whole image, mean of the heads, 1 at the most.

    Of a network that answers from class tokens it is what these read; of others, the mean of what all places read. No
    target changes it. Arguments are those of `gradcam`.

    Raises:
        RunFailedError: the network has no attention, or none between places of the whole image.
    """
    found, size = list[Tensor](), (images.shape[2], images.shape[3])
    with explaining(network, gradients=False):
        for some, wanted in parts(images, targets, batch_size):
            seen = list[Tensor]()
            with Watch(seen.append):
                score(network(some), wanted)
            weights, grid = last_over_all(network, seen, len(some), size)
            read = from_answer(network, weights, grid)
            found.append(finished(read[:, grid.prefix :].view(-1, grid.height, grid.width), size))
    return joined(found, images)


def last_over_all(network: nn.Module, seen: list[Tensor], images: int, size: tuple[int, int]) -> tuple[Tensor, Grid]:
    """(B, queries, keys) the last attention, mean of its heads, whose keys are places of the whole image; their grid.

    Raises:
        RunFailedError: there is none.
    """
    name, grids = type(network).__name__, list(grids_of(network, size))
    if not seen:
        raise RunFailedError(f"{name} has no attention that could be shown: take gradcam")
    for weights in reversed(seen):
        whole = mean_of_heads(weights, images)
        grid = None if whole is None else next((one for one in grids if one.tokens == whole.shape[2]), None)
        if whole is not None and grid is not None:
            return whole, grid
    shapes = ", ".join(dict.fromkeys(" x ".join(map(str, one.shape[1:])) for one in seen[-2:]))
    raise RunFailedError(
        f"{name} attends within windows, channels or parts, not over the places of the whole image "
        f"(its last attention is {shapes}): take gradcam"
    )


def mean_of_heads(weights: Tensor, images: int) -> Tensor | None:
    """(B, queries, keys) for weights (B, heads, queries, keys); None where they are of parts of images.

    Windows are folded into the batch, or stand beside the heads.
    """
    if len(weights) != images or sum(length > 1 for length in weights.shape[1:-2]) > 1:
        return None
    flat = weights.detach().float().flatten(1, -3) if weights.ndim > 3 else weights.detach().float()[:, None]
    return flat.mean(dim=1)


def grids_of(network: nn.Module, size: tuple[int, int]) -> Iterator[Grid]:
    """What may stand for all places of an image: the grid of the patches, and those of the network's own strides."""
    sides = [(int(one[0]), int(one[1])) for one in _stated(network, "grid_size") if isinstance(one, tuple | list)]
    infos = [one for one in _stated(network, "feature_info") if isinstance(one, list)]
    strides = [row["reduction"] for info in infos for row in info if "reduction" in row]
    sides += [(round(size[0] / stride), round(size[1] / stride)) for stride in reversed(strides)]
    stated = getattr(network, "num_prefix_tokens", None)
    for height, width in dict.fromkeys(sides):
        if height * width > 1:  # one place is no map
            for prefix in dict.fromkeys([*([] if stated is None else [stated]), 0, 1, 2]):
                yield Grid(prefix, height, width)


def _stated(network: nn.Module, name: str) -> list[object]:
    """What the network, or a backbone in it, says of itself."""
    return [value for module in network.modules() if (value := vars(module).get(name)) is not None]


def from_answer(network: nn.Module, weights: Tensor, grid: Grid) -> Tensor:
    """(B, keys) what the answer reads, out of attention (B, queries, keys)."""
    queries = weights.shape[1]
    if queries != grid.tokens or not grid.prefix:
        return weights.mean(dim=1)
    classes = min(grid.prefix, max(1, grid.prefix - int(getattr(network, "num_reg_tokens", 0) or 0)))
    from_class = getattr(network, "global_pool", None) == "token"
    rows = weights[:, :classes] if from_class else weights[:, grid.prefix :]
    return torch.mean(rows, dim=1)
