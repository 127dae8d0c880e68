"""How alike maps are: Spearman's correlation of the places in them."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

Reals = NDArray[np.float64]


def spearman(first: Tensor, second: Tensor) -> Reals:
    """(B,) Spearman's correlation of two (B, H, W) maps of each image; NaN where one of them is the same everywhere."""
    one, other = (_centred(maps) for maps in (first, second))
    norms = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    return np.asarray(np.divide((one * other).sum(axis=1), norms, out=np.full(len(one), np.nan), where=norms > 0))


def agreement(maps: Mapping[str, Tensor]) -> dict[tuple[str, str], Reals]:
    """(B,) Spearman's correlation of the maps of each pair of methods, by their names.

    Args:
        maps: (B, H, W) of the same images, by method.
    """
    return {(one, other): spearman(maps[one], maps[other]) for one, other in combinations(maps, 2)}


def _centred(maps: Tensor) -> Reals:
    """(B, pixels) ranks, equal values sharing their mean, less the mean rank."""
    flat = maps.detach().double().cpu().flatten(1).numpy()
    places = np.asarray(rankdata(flat, axis=1)) if flat.size else flat
    return np.asarray(places - (flat.shape[1] + 1) / 2)
