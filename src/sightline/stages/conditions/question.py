"""The same images under one condition after another: what is asked of a model, and what its file holds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sightline.config.robustness import CORRUPTIONS, Constants
from sightline.config.schema import Config
from sightline.inference.model import CALIBRATION
from sightline.metrics.documents.robustness import Condition
from sightline.robustness import backgrounds, moves
from sightline.robustness.attacks import noise
from sightline.robustness.corruptions.constants import PIXELS
from sightline.run.folder import Run
from sightline.run.origin import SOURCES, Origin, as_array, origin_of

CLEAN: Final = "clean"
"""In place of a condition, for the images as they are; its size is 0."""
NOISE: Final = "noise"
"""Conditions of noise are called `noise_gaussian` and the like."""

BACKGROUND: Final = "background"
"""Conditions of other grounds are `background_same` and `background_rand`."""

Key = tuple[str, int]
"""A condition and its size: the severity of a corruption, pixels or degrees of a move, 0 of one without a size."""

SCORES: Final = "scores"
"""Of single images, as `<target>.scores`, in the file of every condition."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Question:
    """Which images are measured and how: what was found under another question is found anew.

    Attributes:
        config: of the command.
        constants: the table of the corruptions.
        ids: (n,) of the images.
        origin: digests of what answers hang on.
    """

    config: Config
    constants: Constants
    ids: NDArray[np.str_]
    origin: Origin

    @classmethod
    def of(cls, config: Config, run: Run, constants: Constants, ids: Sequence[str]) -> "Question":
        """About these images and the run as it is now."""
        return cls(config, constants, np.array(ids), origin_of(run, *SOURCES, CALIBRATION))

    def pixels(self, key: Key) -> str:
        """What the pixels hang on, for JSON; runs with the same text were measured on the same ones."""
        asked = self.config.robustness
        return json.dumps([PIXELS, *pixels_of(key, asked.split, asked.seed, self.constants, asked.norm, asked.budget)])

    def measured_by(self) -> str:
        """What the limits hang on, for JSON."""
        evaluation = self.config.evaluation
        return json.dumps([evaluation.level, evaluation.resamples, self.config.calibration.bins, self.config.seed])

    def named(self, key: Key) -> Arrays:
        """What is asked under a condition, for the ledger: the answers follow from it."""
        return {"pixels": np.array([self.pixels(key)]), "ids": self.ids, "weights": as_array(self.origin)}

    def has_pixels(self, arrays: Arrays, key: Key) -> bool:
        """Whether what a file of a condition holds was measured on the same pixels."""
        return text_of(arrays["pixels"]) == self.pixels(key) and np.array_equal(arrays["ids"], self.ids)


@dataclass(frozen=True)
class Found:
    """What was found under one condition.

    Attributes:
        targets: by target, what `robustness.json` holds of it.
        scores: by target, (n,) of single images.
        more: what else the file holds of single images, as `<target>.<name>`.
    """

    targets: Mapping[str, Condition]
    scores: Mapping[str, NDArray[np.float64]]
    more: Arrays = field(default_factory=dict)


def pixels_of(
    key: Key, split: str, seed: int, constants: str, norm: str | None = None, budget: float | None = None
) -> list[object]:
    """What the pixels of a condition hang on, besides the version of corruptions.

    Args:
        key: of the condition.
        split: whose images they are.
        seed: of everything random.
        constants: the table of the corruptions.
        norm: of noise.
        budget: of noise.
    """
    name, how = key[0], list[object]()
    if name in CORRUPTIONS:
        how = [seed, constants]
    elif name in moves.MOVES:
        how = [moves.VERSION]
    elif name.startswith(NOISE):
        how = [noise.VERSION, seed, norm, budget]
    elif name.startswith(BACKGROUND):
        how = [backgrounds.VERSION, seed]
    return [split, *key, *how]


def file_of(key: Key) -> str:
    """The file of a condition, within a run."""
    name, size = key
    return f"robustness/{name}_{size}.npz" if size else f"robustness/{name}.npz"


def found_in(arrays: Arrays) -> Found:
    """What the arrays of such a file hold."""
    targets: Mapping[str, Condition] = json.loads(text_of(arrays["found"]))
    scores = {target: arrays[f"{target}.{SCORES}"] for target in targets}
    more = {name: array for name, array in arrays.items() if name.partition(".")[0] in targets}
    return Found(targets, scores, {name: array for name, array in more.items() if not name.endswith(f".{SCORES}")})


def text_of(array: NDArray[Any]) -> str:
    """The text that an array of one holds."""
    return str(array.reshape(-1)[0])
