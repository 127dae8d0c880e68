"""What `auto` comes to: how large a batch and a rate suit so many images, and whether they may be mirrored.

A training learns by its steps. A batch of 256 leaves a few hundred images one or two steps an epoch, so the batch is
the largest power of two that leaves `STEPS` of them. The rate follows it from `lr_base`, which is for `REFERENCE_BATCH`
images: in proportion where a step is a multiple of the gradient (SGD; Goyal et al. 2017), by the square root where a
step is normalised by gradients (Adam and its like; Malladi et al. 2022). timm's `lr_base` follows the same rule.
Nothing here asks for memory: a step that does not fit is taken in parts, and stays the same step (decision 16).
"""

from collections.abc import Sequence
from typing import Final

from sightline.config.base import AUTO, decided
from sightline.config.fitted import left_open, with_values
from sightline.config.groups import BASES
from sightline.config.schema import Config
from sightline.config.training import MuonOptimizer, OptimizerConfig, SgdOptimizer, TimmOptimizer
from sightline.data.transforms.mirror import differs_mirrored

STEPS: Final = 20
"""Steps that an epoch should have, or more."""
LARGEST: Final = 256
"""Images a step at most."""
SMALLEST: Final = 8
"""Images a step and process at least: batch normalisation takes the mean and variance of so many."""
REFERENCE_BATCH: Final = 256
"""Images a step for which `lr_base` is given."""
HALF: Final = 0.5
"""Of the images are mirrored, where they may be."""
LINEAR: Final = 1.0
ROOT: Final = 0.5
LR: Final = "optimizer.lr"
PLAIN_GRADIENTS: Final = ("sgd", "momentum", "nesterov")
"""Parts of the names of timm's optimisers whose step is a multiple of the gradient."""


def batch_for(images: int, processes: int = 1) -> int:
    """The batch, of all processes together: a power of two that leaves `STEPS` steps an epoch.

    It stays between `SMALLEST` images a process and `LARGEST`, which wins where there are more than 32 processes.
    """
    wanted = 1 << max(0, (images // STEPS).bit_length() - 1)
    smallest = 1 << (SMALLEST * processes - 1).bit_length()
    return min(LARGEST, max(smallest, wanted))


def rate_for(base: float, batch: int, power: float) -> float:
    """The rate at a batch, to three digits; `base` is for `REFERENCE_BATCH`."""
    return float(f"{base * (batch / REFERENCE_BATCH) ** power:.3g}")


def powers(optimizer: OptimizerConfig) -> dict[str, float]:
    """By which power of the batch each rate of an optimiser follows it, by key."""
    match optimizer:
        case SgdOptimizer():
            return {LR: LINEAR}
        case MuonOptimizer():
            return {LR: LINEAR, "optimizer.matrix_lr": ROOT}
        case TimmOptimizer() if any(part in optimizer.opt.lower() for part in PLAIN_GRADIENTS):
            return {LR: LINEAR}
        case _:
            return {LR: ROOT}


def fit(config: Config, images: int, class_names: Sequence[str], processes: int = 1) -> tuple[Config, list[str]]:
    """Decide what is left to the rule.

    Args:
        config: of the training.
        images: of the train split.
        class_names: of everything that is predicted.
        processes: that train together.

    Returns:
        The configuration with numbers, and a line a person can read for each.
    """
    if not left_open(config):
        return config, []
    lines = []
    if config.training.batch_size == AUTO:
        config = with_values(config, {"training.batch_size": batch_for(images, processes)})
        lines.append(_batch_in_words(config, images, processes))
    batch = decided(config.training.batch_size)
    for key, power in powers(config.optimizer).items():
        config, line = _with_rate(config, key, batch, power)
        lines.append(line)
    if config.transforms.horizontal_flip == AUTO:
        config, line = _with_mirroring(config, class_names)
        lines.append(line)
    return config, lines


def _batch_in_words(config: Config, images: int, processes: int) -> str:
    batch = decided(config.training.batch_size)
    steps = -(-images // batch)
    shared = f", {processes} processes" if processes > 1 else ""
    few = f"; fewer than {STEPS}, so give more epochs or images" if steps < STEPS else ""
    counts = f"{images:,} training image{'s' * (images != 1)}, {steps:,} step{'s' * (steps != 1)} an epoch"
    return f"training.batch_size={batch}: {counts}{shared}{few}"


def _with_mirroring(config: Config, class_names: Sequence[str]) -> tuple[Config, str]:
    """The configuration with or without mirror images, and the line about it."""
    key = "transforms.horizontal_flip"
    if reason := differs_mirrored(class_names):
        return with_values(config, {key: 0.0}), f"{key}=0: {reason}; 0.5 where that does no harm"
    line = f"{key}={HALF:g}: no class name speaks against it; 0 where a mirror image is of another class"
    return with_values(config, {key: HALF}), line


def _with_rate(config: Config, key: str, batch: int, power: float) -> tuple[Config, str]:
    """The configuration with a rate that fits the batch, and the line about it."""
    name = key.rpartition(".")[2]
    given, base = getattr(config.optimizer, name), getattr(config.optimizer, BASES[key].rpartition(".")[2])
    if given != AUTO:
        return config, f"{key}={given:g}: as given, whatever the batch; {key}=auto follows it"
    rate = rate_for(base, batch, power)
    how = "in proportion" if power == LINEAR else "by the square root"
    reason = f"{base:g} for batches of {REFERENCE_BATCH}" + ("" if batch == REFERENCE_BATCH else f", {how}")
    return with_values(config, {key: rate}), f"{key}={rate:g}: {reason}"
