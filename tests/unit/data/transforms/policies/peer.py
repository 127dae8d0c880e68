"""What the tests of policies share: images, draws, and torchvision's names for our operations."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.later_keys import POLICY
from sightline.config.transforms import PolicyConfig
from sightline.data.randomness import uniform
from sightline.data.transforms.policies.draw import COLOURS

SIDE = 33
TORCHVISION = {
    "shear_x": "ShearX",
    "shear_y": "ShearY",
    "translate_x": "TranslateX",
    "translate_y": "TranslateY",
    "autocontrast": "AutoContrast",
} | {
    name: name.capitalize() for name in ("identity", "rotate", *COLOURS, "posterize", "solarize", "equalize", "invert")
}


def policy(name: str, **keys: object) -> PolicyConfig:
    """A policy with the defaults of `conf/`, but for these keys."""
    return PolicyConfig.model_validate({"name": name, "operations": 2, "magnitude": 9.0, **POLICY, **keys})


def counted(n: int, epoch: int = 0) -> Callable[[int, str], NDArray[np.float32]]:
    """The uniforms of n images of an epoch."""
    return lambda slots, stream: uniform(0, epoch, np.arange(n), slots, stream)


def photographs(n: int = 1) -> Tensor:
    """uint8 (n, 3, SIDE, SIDE), smooth."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(n, 3, 6, 6, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(SIDE, SIDE), mode="bicubic").clamp(0, 1)
    return (smooth * 255).to(torch.uint8)


def in_its_units(name: str, value: float) -> float:
    """A strength as torchvision counts it: rotations in degrees."""
    return math.degrees(value) if name == "rotate" else value
