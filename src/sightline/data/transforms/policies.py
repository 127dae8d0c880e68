"""RandAugment and TrivialAugment: which operations each image draws, how strong, and how they are applied.

Operations and ranges are torchvision's. An image's geometric operations become part of the one matrix it is sampled
with, so its pixel operations come after them; among themselves both kinds keep the order in which they were operations.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.transforms import PolicyConfig
from sightline.data.randomness import Draw
from sightline.data.transforms.colour import like
from sightline.data.transforms.geometry import Matrices, around, compose, identity
from sightline.data.transforms.operations import OPERATIONS

GEOMETRIC = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
NAMES = ("identity", *GEOMETRIC, *OPERATIONS)
SIGNED = (*GEOMETRIC, "brightness", "color", "contrast", "sharpness")
BINS = 31
"""Strengths from none (bin 0) to full (bin 30); RandAugment's magnitude counts in these, TrivialAugment draws one."""


@dataclass(frozen=True)
class Operations:
    """The operations that each image of a batch drew.

    Attributes:
        names: (B, n) operations out of `NAMES`, in order.
        values: (B, n) strengths: radians of rotation, pixels of translation, slope of shear, relative change of
            colour, bits kept, threshold as a fraction of white.
    """

    names: NDArray[np.str_]
    values: NDArray[np.float64]


def draw_policy(config: PolicyConfig, n: int, side: int, draw: Draw) -> Operations:
    """Choose operations for each image, all equally likely.

    RandAugment (Cubuk et al. 2019) draws `operations` of strength `magnitude`; TrivialAugment in its wide form (Müller
    and Hutter 2021) draws one of any strength.

    Args:
        config: the policy.
        n: images in the batch.
        side: of the images, pixels.
        draw: counted uniforms.

    Returns:
        (n, operations); (n, 0) for the policy `none`.
    """
    wide = config.name == "trivialaugment"
    steps = {"none": 0, "randaugment": config.operations, "trivialaugment": 1}[config.name]
    numbers = draw(3 * steps, "policy").astype(np.float64).reshape(n, steps, 3)
    chosen = np.floor(numbers[..., 0] * len(NAMES)).astype(np.int64)
    bins = np.floor(numbers[..., 1] * BINS) if wide else np.full(chosen.shape, config.magnitude)
    values = _strengths(ranges(side, wide=wide), chosen, bins / (BINS - 1))
    names = np.array(NAMES)[chosen]
    return Operations(names, np.where(np.isin(names, SIGNED) & (numbers[..., 2] < 0.5), -values, values))


def ranges(side: int, *, wide: bool) -> dict[str, tuple[float, float]]:
    """Strength of every operation at bin 0 and at bin 30, for images of `side` pixels."""
    lean, turn, shift, change, bits = (
        (0.99, 135.0, 32.0, 0.99, 2.0) if wide else (0.3, 30.0, 150.0 / 331.0 * side, 0.9, 4.0)
    )
    table = dict.fromkeys(NAMES, (0.0, 0.0))
    table |= dict.fromkeys(("shear_x", "shear_y"), (0.0, lean))
    table |= dict.fromkeys(("translate_x", "translate_y"), (0.0, shift))
    table |= dict.fromkeys(("brightness", "color", "contrast", "sharpness"), (0.0, change))
    return table | {"rotate": (0.0, np.radians(turn)), "posterize": (8.0, bits), "solarize": (1.0, 0.0)}


def _strengths(
    table: dict[str, tuple[float, float]], chosen: NDArray[np.int64], level: NDArray[np.float64]
) -> NDArray[np.float64]:
    ends: NDArray[np.float64] = np.array([table[name] for name in NAMES])[chosen]
    values = ends[..., 0] + level * (ends[..., 1] - ends[..., 0])
    is_translation = np.char.startswith(np.array(NAMES), "translate")[chosen]
    is_posterize = np.array([name == "posterize" for name in NAMES])[chosen]
    return np.where(is_translation, np.floor(values), np.where(is_posterize, np.round(values), values))


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
