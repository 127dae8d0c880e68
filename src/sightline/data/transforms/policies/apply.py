"""What a batch's operations do: the geometric ones as a warp of each image, the others to its pixels.

An image's geometric operations become part of the one matrix it is sampled with, so its pixel operations come after
them; among themselves both kinds keep the order in which they were drawn. AugMix alone keeps the order of all.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.transforms.colour import like
from sightline.data.transforms.geometry import Matrices, around, compose, identity
from sightline.data.transforms.policies.draw import GEOMETRIC, Operations
from sightline.data.transforms.policies.operations import OPERATIONS


def warps(operations: Operations, side: int) -> Matrices:
    """(B, 2, 3) the geometric operations of each image as one warp, each about the place that torchvision takes."""
    matrices = identity(len(operations.names))
    for names, values in zip(operations.names.T, operations.values.T, strict=True):
        for name in GEOMETRIC:
            rows = np.flatnonzero(names == name)
            if rows.size:
                matrices[rows] = compose(matrices[rows], _warp(name, values[rows], side))
    return matrices


def _warp(name: str, values: NDArray[np.float64], side: int) -> Matrices:
    linear = np.tile(np.eye(2), (len(values), 1, 1))
    shift = np.zeros((len(values), 2))
    match name:
        case "shear_x":
            linear[:, 0, 1] = values
        case "shear_y":
            linear[:, 1, 0] = values
        case "translate_x":
            shift[:, 0] = values
        case "translate_y":
            shift[:, 1] = values
        case _:
            cos, sin = np.cos(values), np.sin(values)
            linear = np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2)
    return around(linear, -0.5 if name.startswith("shear") else (side - 1) / 2, shift)


def apply_operations(pixels: Tensor, operations: Operations) -> Tensor:
    """Change the pixels of each image by what it drew, one operation after the other; uint8 in and out, in place."""
    for names, values in zip(operations.names.T, operations.values.T, strict=True):
        strengths = like(pixels, values)[:, None, None, None]
        for name, operation in OPERATIONS.items():
            chosen = np.flatnonzero(names == name)
            if chosen.size:
                rows = torch.from_numpy(chosen).to(pixels.device)
                pixels[rows] = operation(pixels[rows], strengths[rows])
    return pixels
