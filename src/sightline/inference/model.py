"""From a run to its model, and to all that stands around it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sightline.config import parse
from sightline.config.model import ModelConfig
from sightline.config.schema import Config
from sightline.data.preprocessing import SMALL_SIDE, Preprocessing, native_side
from sightline.data.reduction import LONGEST, Reduction
from sightline.data.sources.source import ROLES, Source
from sightline.data.splits.split import Split
from sightline.data.targets import LABEL
from sightline.data.transforms.fit import Fit
from sightline.data.transforms.resizing import Interpolation
from sightline.data.transforms.transform import Channels, stored_side
from sightline.errors import RunFailedError, UsageError
from sightline.inference.external import external_groups
from sightline.inference.network import NormalisedNetwork
from sightline.metrics.intervals.resampling import group_codes
from sightline.models.build import build_model, input_facts
from sightline.models.checkpoints import BEST, load_best
from sightline.models.weights import DAMAGE, first_line
from sightline.run.folder import Run, SplitName
from sightline.run.origin import load_current
from sightline.run.stored import damaged

CALIBRATION: Final = "calibration.json"

OWN_SIZE: Final = 2**15
"""A shorter side that no image has that may be opened and is not a strip: nothing is reduced to it."""


@dataclass(frozen=True)
class InputSpec:
    """What a model asks of its input; normalisation is None where no learned weights ask for any."""

    image_size: int
    crop_fraction: float
    interpolation: Interpolation
    mean: Channels | None
    std: Channels | None
    fit: Fit
    shorter: int | None = None
    tile: int | None = None
    longest: int | None = LONGEST

    @property
    def reduction(self) -> Reduction:
        """What the store should keep of images."""
        return Reduction(self.shorter or stored_side(self.image_size, self.crop_fraction), self.longest)


def input_spec(config: Config, source: Source) -> InputSpec:
    """What the model asks of its input: its weights' own facts, or `image_size`, or the images' size (D11)."""
    facts = input_facts(config.model)
    size = config.image_size or facts.image_size or native_side(source)
    crop = facts.crop_fraction if size > SMALL_SIDE and config.fit == "crop" else 1.0
    shorter = None if config.resize == "auto" else OWN_SIZE if config.resize == "none" else config.resize
    longest = LONGEST if config.fit == "crop" else None
    return InputSpec(size, crop, facts.interpolation, facts.mean, facts.std, config.fit, shorter, config.tile, longest)


def load_split(run: Run) -> Split:
    """Who is in which split of a run.

    Raises:
        RunFailedError: `split.json` is damaged.
    """
    content = run.load_json("split.json")
    for role in ROLES:
        items = content["items"][role]
        if len({len(column) for column in items.values() if isinstance(column, list)}) > 1:
            raise damaged(run.path, "split.json", f"the columns of items.{role} differ in length")
    try:
        return Split.from_json(content)
    except (ValueError, TypeError, AttributeError) as error:  # targets, whose columns hang on the task
        raise damaged(run.path, "split.json", str(error)) from error


def load_preprocessing(run: Run) -> Preprocessing:
    """What the run does to an image."""
    return Preprocessing.from_json(run.load_json("preprocessing.json"))


def load_model(
    run: Run, device: torch.device, heads: Mapping[str, int] | None = None, split: Split | None = None
) -> nn.Module:
    """The best weights of a run, in eval mode.

    Args:
        run: a finished one.
        device: where the model goes.
        heads: of the model, as its task says; by default one, for the classes that the run stored.
        split: that it must have been trained on, if any.

    Raises:
        UsageError: the run holds no finished epoch, or was trained on another split.
        RunFailedError: the checkpoint is damaged.
    """
    config = parse.read_model(run.path / "config.yaml")
    preprocessing = load_preprocessing(run)
    shape = heads or {LABEL: len(preprocessing.class_names)}
    model = build_model(without_weights(config), shape, preprocessing.image_size)
    best = load_best(run, torch.device("cpu"))
    if split is not None and best.get("split", split.fingerprint()) != split.fingerprint():
        raise UsageError(f"{run.path / 'split.json'} is not what {BEST} was trained on; restore it, or train anew")
    try:
        model.load_state_dict(best["model"])
    except DAMAGE as error:
        raise RunFailedError(f"{run.path / BEST} is damaged: {first_line(error)}") from error
    return model.to(device).eval()


def without_weights(config: ModelConfig) -> ModelConfig:
    """The same network with random weights, for a checkpoint to fill."""
    keys = {"weights": None, "pretrained": False}
    return config.model_copy(update={key: value for key, value in keys.items() if key in type(config).model_fields})


def class_names_of(run: Run) -> list[str]:
    """The classes in the order of the logits."""
    if run.has("classes.json"):  # of predictions that another tool made
        return list(run.load_json("classes.json"))
    return list(load_preprocessing(run).class_names)


def groups_of(run: Run, split: SplitName, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
    """(n,) the group of each of these items of a split, where the run knows of any."""
    if run.has("split.json"):
        return load_split(run).groups_of(ids.tolist())
    return external_groups(run, split, ids)


def group_codes_of(run: Run, split: SplitName, ids: NDArray[np.str_]) -> NDArray[np.int64] | None:
    """(n,) the groups of `groups_of` as integers from 0, as intervals take them."""
    return group_codes(groups_of(run, split, ids), len(ids))


def temperature_of(run: Run) -> float:
    """The run's fitted temperature; 1 before it was calibrated.

    Raises:
        UsageError: it was fitted to other weights.
    """
    return float(load_current(run, CALIBRATION)["temperature"]) if run.has(CALIBRATION) else 1.0


def load_normalised(run: Run, heads: Mapping[str, int]) -> NormalisedNetwork:
    """The run's model with normalisation inside, in eval mode on the CPU."""
    return NormalisedNetwork(load_model(run, torch.device("cpu"), heads), load_preprocessing(run)).eval()


def example_images(run: Run) -> NDArray[np.float32]:
    """Two images in the shape a `NormalisedNetwork` takes: the form of an input, not its content."""
    preprocessing = load_preprocessing(run)
    shape = (2, len(preprocessing.mean), preprocessing.image_size, preprocessing.image_size)
    return np.linspace(0.0, 1.0, math.prod(shape), dtype=np.float32).reshape(shape)
