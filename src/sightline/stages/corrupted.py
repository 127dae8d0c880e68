"""The images of a split under one condition, and what a model is worth there, kept in a file of its own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from sightline.config.robustness import CORRUPTIONS, Constants
from sightline.config.schema import Config
from sightline.data.batch import Batch
from sightline.data.dataset import Dataset
from sightline.data.loaders import EvalLoader
from sightline.data.preprocessing import Preprocessing
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import CALIBRATION
from sightline.inference.predict import Batches, predict
from sightline.inference.tiles import whole_answers
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger
from sightline.metrics.documents.robustness import Condition
from sightline.robustness.corruptions.constants import PIXELS
from sightline.robustness.corruptions.corrupt import corrupt
from sightline.run.folder import Run
from sightline.run.origin import MADE_FROM, SOURCES, Origin, as_array, origin_of
from sightline.run.stored import DamagedFileError
from sightline.tasks.results import Shift, Shifted

CLEAN: Final = "clean"
"""In place of a corruption, for the images as they are; its severity is 0."""

Key = tuple[str, int]
"""A corruption and its severity."""


@dataclass(frozen=True)
class CorruptedLoader:
    """Batches of a loader, their images corrupted between squares and normalisation.

    Attributes:
        loader: of the images as they are.
        preprocessing: that the loader does.
        key: of the condition.
        seed: of the corruption.
        constants: its table.
    """

    loader: EvalLoader
    preprocessing: Preprocessing
    key: Key
    seed: int
    constants: Constants

    @property
    def dataset(self) -> Dataset:
        """Whose items they are."""
        return self.loader.dataset

    @property
    def role(self) -> str:
        """Of the items."""
        return self.loader.role

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        transform, ids = self.preprocessing.transform(), self.dataset.split.ids
        name = next(one for one in CORRUPTIONS if one == self.key[0])
        for batch in self.loader:
            # Normalised pixels lead back to the whole numbers that they were made of.
            squares = torch.from_numpy(self.preprocessing.to_pixels(batch.images)).permute(0, 3, 1, 2)
            named = [ids[position] for position in batch.positions]
            changed = corrupt(squares, named, name, self.key[1], seed=self.seed, constants=self.constants)
            images = transform.normalise(changed).to(batch.images.device)
            shaped = images.contiguous(memory_format=self.loader.memory_format)
            yield Batch(shaped, batch.targets, batch.positions, batch.weight)


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
        return json.dumps([PIXELS, asked.split, *key, *([] if key[0] == CLEAN else [asked.seed, self.constants])])

    def measured_by(self) -> str:
        """What the limits hang on, for JSON."""
        evaluation = self.config.evaluation
        return json.dumps([evaluation.level, evaluation.resamples, self.config.calibration.bins, self.config.seed])

    def named(self, key: Key) -> Mapping[str, NDArray[Any]]:
        """What is asked under a condition, for the ledger: the answers follow from it."""
        return {"pixels": np.array([self.pixels(key)]), "ids": self.ids, "weights": as_array(self.origin)}

    def has_pixels(self, arrays: Mapping[str, NDArray[Any]], key: Key) -> bool:
        """Whether what a file of a condition holds was measured on the same pixels."""
        return _text(arrays["pixels"]) == self.pixels(key) and np.array_equal(arrays["ids"], self.ids)


@dataclass(frozen=True)
class Found:
    """What was found under one condition.

    Attributes:
        targets: by target, what `robustness.json` holds of it.
        scores: by target, (n,) of single images.
    """

    targets: Mapping[str, Condition]
    scores: Mapping[str, NDArray[np.float64]]


def file_of(key: Key) -> str:
    """The file of a condition, within a run."""
    return f"robustness/{CLEAN}.npz" if key[0] == CLEAN else f"robustness/{key[0]}_{key[1]}.npz"


def stored(run: Run, question: Question, key: Key) -> Found | None:
    """What an earlier command found under a condition, if it asked the same of the same weights."""
    if not run.has(file_of(key)):
        return None
    try:
        arrays = run.load_arrays(file_of(key))
        measured_so = _text(arrays["measured_by"]) == question.measured_by()
        current = np.array_equal(arrays[MADE_FROM], as_array(question.origin))
        return found_in(arrays) if question.has_pixels(arrays, key) and measured_so and current else None
    except DamagedFileError as error:
        logger.warning("%s; it is made anew", error.fault)
        return None


def found_in(arrays: Mapping[str, NDArray[Any]]) -> Found:
    """What the arrays of such a file hold."""
    targets: Mapping[str, Condition] = json.loads(_text(arrays["found"]))
    return Found(targets, {target: arrays[f"{target}.scores"] for target in targets})


def measured(run: Run, loaded: LoadedRun, loader: Batches, shift: Shift, question: Question, key: Key) -> Found:
    """Ask the model under one condition, measure its answers and write both down."""
    check_stop()
    model = whole_answers(loaded.model, loaded.preprocessing)
    answers = shift.measure(predict(model, loader, shift.collector()))
    found = Found(
        {target: _condition(key, one) for target, one in answers.items()},
        {target: one.scores for target, one in answers.items()},
    )
    run.save_arrays(
        file_of(key),
        ids=question.ids,
        pixels=np.array([question.pixels(key)]),
        measured_by=np.array([question.measured_by()]),
        found=np.array([json.dumps(found.targets, allow_nan=False)]),
        **{f"{target}.scores": scores for target, scores in found.scores.items()},
        **{MADE_FROM: as_array(question.origin)},
    )
    return found


def _condition(key: Key, shifted: Shifted) -> Condition:
    condition: Condition = {"corruption": key[0], "severity": key[1], "metrics": dict(shifted.metrics)}
    if shifted.sets:
        condition["sets"] = list(shifted.sets)
    return condition


def _text(array: NDArray[Any]) -> str:
    """The text that an array of one holds."""
    return str(array.reshape(-1)[0])
