"""Whether maps lie on the objects they speak of, where masks say where those are."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.explain.summary.places import positive

Reals = NDArray[np.float64]


class OnObjects(NamedTuple):
    """Of each image (B,): NaN where its object is nowhere, or its map has no mass.

    Attributes:
        pointing: 1 where the highest value of the map lies on the object, a share where several equal ones do not all
            (pointing game, Zhang et al. 2018).
        energy: the share of the map's positive mass on the object (Wang et al. 2020).
        area: the share of the image that the object covers: what both would be of a map that knows nothing.
    """

    pointing: Reals
    energy: Reals
    area: Reals


def on_objects(maps: Tensor, masks: Tensor) -> OnObjects:
    """How much of each map lies on the object.

    Args:
        maps: (B, H, W).
        masks: (B, H, W) bool, True on the object.
    """
    mass, there = positive(maps).flatten(1), masks.flatten(1).double()
    top = (mass == mass.amax(dim=1, keepdim=True)).double()
    total, covered = mass.sum(dim=1), there.sum(dim=1)
    counts = (total > 0) & (covered > 0)
    found = (
        (top * there).sum(dim=1) / top.sum(dim=1),
        (mass * there).sum(dim=1) / total,
        covered / there.shape[1],
    )
    return OnObjects(*(torch.where(counts, one, torch.nan).cpu().numpy() for one in found))
