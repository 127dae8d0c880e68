"""Pixels in the order of a map, and the same order moved about, which no longer knows what lies where."""

import torch
from torch import Tensor
from torch.nn import functional as F

from sightline.explain.quality.fills import gaussian

_SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
EDGE_WIDTH = 1 / 32
"""Standard deviation of the blur of an edge map, over the shorter side."""


def ranks(maps: Tensor, seed: int = 0) -> Tensor:
    """(…, H, W) int64: the place of each pixel from the highest value of its map, 0, to the lowest.

    Equal ones come in an order by chance, not from the top left: most of a Grad-CAM may be zero.

    Args:
        maps: (…, H, W); what is no number counts as lowest.
        seed: of that order; the state of the global generators stays as it is.
    """
    flat = maps.detach().float().nan_to_num(nan=-torch.inf).flatten(-2)
    shuffled = torch.randperm(flat.shape[-1], generator=torch.Generator().manual_seed(seed)).to(flat.device)
    order = shuffled[flat[..., shuffled].argsort(dim=-1, descending=True, stable=True)]
    places = torch.arange(flat.shape[-1], device=flat.device).expand_as(order)
    return torch.empty_like(order).scatter_(-1, order, places).view(maps.shape)


def moved(one: Tensor, count: int, seed: int = 0) -> Tensor:
    """(count, H, W) copies of (H, W) ranks, each mirrored by chance and shifted around the edges by chance.

    A random map of single pixels would be an unfair rival: scattered holes destroy an image sooner than one hole of the
    same area, so any map with blobs would lose to it. Moved copies are as coarse and as sparse as the map itself.
    """
    drawn = torch.Generator().manual_seed(seed)
    height, width = one.shape
    found = []
    for _ in range(count):
        place = int(torch.randint(1, max(2, height * width), (1,), generator=drawn))  # 0 is where it lies
        mirrored = [axis for axis in (0, 1) if torch.rand(1, generator=drawn) < 0.5]
        found.append(one.flip(mirrored).roll((place // width, place % width), (0, 1)))
    return torch.stack(found) if found else one.new_zeros((0, height, width))


def edge_map(images: Tensor) -> Tensor:
    """(B, H, W) how much the brightness of (B, C, H, W) images changes at each place, slightly blurred.

    It knows nothing of any network; a map that is no better shows where things are, not what an answer rests on.
    """
    grey = F.pad(images.detach().float().mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
    kernels = torch.stack([_SOBEL, _SOBEL.T])[:, None].to(grey.device)
    edges = F.conv2d(grey, kernels).square().sum(dim=1, keepdim=True).sqrt()
    return gaussian(edges, EDGE_WIDTH * min(images.shape[2:]))[:, 0]
