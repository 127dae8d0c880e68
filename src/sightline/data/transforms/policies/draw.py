"""Which operations each image of a batch draws, and how strong: RandAugment, TrivialAugment and AutoAugment.

Operations and ranges are torchvision's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.config.transforms import PolicyConfig
from sightline.data.randomness import Draw
from sightline.data.transforms.policies.learned import LEARNED
from sightline.data.transforms.policies.operations import OPERATIONS

GEOMETRIC = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
COLOURS = ("brightness", "color", "contrast", "sharpness")
NAMES = ("identity", *GEOMETRIC, *OPERATIONS)
"""Every operation; what is drawn is counted by its place here, so the order is part of what stored runs have drawn."""
COMMON = NAMES[: NAMES.index("invert")]
"""What RandAugment and TrivialAugment draw from."""
SIGNED = (*GEOMETRIC, *COLOURS)
BINS = 31
"""Strengths from none (bin 0) to full (bin 30); RandAugment's magnitude counts in these, TrivialAugment draws one."""
FEW_BINS = 10
"""Those of AutoAugment and AugMix."""


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
    """Choose operations for each image, all equally likely but for AutoAugment's.

    RandAugment (Cubuk et al. 2019) draws `operations` of strength `magnitude`; TrivialAugment in its wide form (Müller
    and Hutter 2021) draws one of any strength; AutoAugment (Cubuk et al. 2018) one of 25 learned pairs, of which each
    operation has a probability and a strength of its own.

    Args:
        config: the policy.
        n: images in the batch.
        side: of the images, pixels.
        draw: counted uniforms.

    Returns:
        (n, operations); (n, 0) for the policy `none`, and for AugMix, whose chains are in `augmix.py`.
    """
    if config.name == "autoaugment":
        return _learned(config, side, draw)
    steps = {"randaugment": config.operations, "trivialaugment": 1}.get(config.name, 0)
    numbers = draw(3 * steps, "policy").astype(np.float64).reshape(n, steps, 3)
    chosen = np.floor(numbers[..., 0] * len(COMMON)).astype(np.int64)
    wide = config.name == "trivialaugment"
    bins = np.floor(numbers[..., 1] * BINS) if wide else np.full(chosen.shape, config.magnitude)
    return of_strength(chosen, bins / (BINS - 1), numbers[..., 2] < 0.5, ranges(config.name, side))


def _learned(config: PolicyConfig, side: int, draw: Draw) -> Operations:
    pairs = LEARNED[config.learned_on]
    numbers = draw(5, "policy").astype(np.float64)
    table = np.array([[(NAMES.index(name), share, bin_) for name, share, bin_ in pair] for pair in pairs])
    drawn = table[np.floor(numbers[:, 0] * len(pairs)).astype(np.int64)]
    happens = numbers[:, 1:3] < drawn[..., 1]
    chosen = np.where(happens, drawn[..., 0], NAMES.index("identity")).astype(np.int64)
    return of_strength(chosen, drawn[..., 2] / (FEW_BINS - 1), numbers[:, 3:] < 0.5, ranges(config.name, side))


def ranges(policy: str, side: int) -> dict[str, tuple[float, float]]:
    """Strength of every operation at the first bin and at the last, for images of `side` pixels."""
    lean, turn, shift, change, bits = {
        "trivialaugment": (0.99, 135.0, 32.0, 0.99, (8.0, 2.0)),
        "augmix": (0.3, 30.0, side / 3, 0.9, (4.0, 0.0)),
    }.get(policy, (0.3, 30.0, 150.0 / 331.0 * side, 0.9, (8.0, 4.0)))
    table = dict.fromkeys(NAMES, (0.0, 0.0))
    table |= dict.fromkeys(("shear_x", "shear_y"), (0.0, lean))
    table |= dict.fromkeys(("translate_x", "translate_y"), (0.0, shift))
    table |= dict.fromkeys(COLOURS, (0.0, change))
    return table | {"rotate": (0.0, np.radians(turn)), "posterize": bits, "solarize": (1.0, 0.0)}


def of_strength(
    chosen: NDArray[np.int64],
    level: NDArray[np.float64],
    negative: NDArray[np.bool_],
    table: dict[str, tuple[float, float]],
) -> Operations:
    """Operations with their strengths.

    Args:
        chosen: (B, n) places in `NAMES`.
        level: (B, n) from the first bin, 0, to the last, 1.
        negative: (B, n) whether an operation that has a sign takes the negative one.
        table: see `ranges`.
    """
    names = np.array(NAMES)
    ends: NDArray[np.float64] = np.array([table[name] for name in NAMES])[chosen]
    values = ends[..., 0] + level * (ends[..., 1] - ends[..., 0])
    values = np.where(np.char.startswith(names, "translate")[chosen], np.floor(values), values)
    values = np.where((names == "posterize")[chosen], np.round(values), values)
    return Operations(names[chosen], np.where(np.isin(names, SIGNED)[chosen] & negative, -values, values))
