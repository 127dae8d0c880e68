"""Predictions in the run folder: `predictions/<split>.npz`, those of the test split behind its lock."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sightline.metrics.predictions import Arrays
from sightline.run.folder import Run, SplitName
from sightline.run.ledger import check_test_lock, note_test_use
from sightline.run.origin import (
    MADE_FROM,
    PREPROCESSING,
    SOURCES,
    SPLIT,
    WEIGHTS,
    as_array,
    check_current,
    obstacle,
    origin_of,
)
from sightline.run.stored import DamagedFileError, damaged

P = TypeVar("P")


class Storable(Protocol):
    """Predictions of any task."""

    def __len__(self) -> int:
        """How many items."""

    def to_arrays(self) -> Arrays:
        """Its arrays as they are stored."""


def predictions_file(split: SplitName) -> str:
    """The file of a split, within a run."""
    return f"predictions/{split}.npz"


def has_predictions(run: Run, split: SplitName) -> bool:
    """Whether a split was predicted."""
    return run.has(predictions_file(split))


def save_predictions(run: Run, split: SplitName, predictions: Storable) -> Path:
    """Write the predictions of a split, and what they were made from; equal arrays give equal bytes."""
    arrays = predictions.to_arrays()
    if run.has(WEIGHTS):  # another tool's have an origin that nobody knows
        arrays = {**arrays, MADE_FROM: as_array(origin_of(run, *SOURCES))}
    return run.save_arrays(predictions_file(split), **arrays)


def load_predictions(run: Run, split: SplitName, purpose: str, read: Callable[[Arrays], P]) -> P:
    """Read the predictions of a split; of the test split, through the lock. The stage then notes their use.

    Args:
        run: that made them.
        split: which.
        purpose: what they are wanted for.
        read: from the stored arrays to the predictions of the task, such as `Predictions.from_arrays`.

    Raises:
        LockedSplitError: the stage at work may not see test labels.
        UsageError: the file is missing, or was made from other weights than there are now.
        RunFailedError: it is damaged, or holds predictions of other classes.
    """
    if split == "test":
        check_test_lock(run, purpose)
    name = predictions_file(split)
    predictions = _read(run, split, read)
    check_current(run, name)
    return predictions


def unusable(run: Run, split: SplitName, read: Callable[[Arrays], P]) -> str:
    """Why the stored predictions of a split cannot be taken, in one line; empty where they can.

    Raises:
        LockedSplitError: the stage at work may not see test labels.
    """
    if split == "test":
        check_test_lock(run, "see whether they can be taken")
    try:
        _read(run, split, read)
    except DamagedFileError as error:
        return error.fault
    return obstacle(run, predictions_file(split))


def _read(run: Run, split: SplitName, read: Callable[[Arrays], P]) -> P:
    """Read the predictions of a split, as far as they are of its items and of the run's classes.

    Raises:
        DamagedFileError: they are not.
    """
    name = predictions_file(split)
    arrays = run.load_arrays(name)
    says_origin = arrays.pop(MADE_FROM, None) is not None
    try:
        predictions = read(arrays)
    except ValueError as error:
        raise damaged(run.path, name, str(error)) from error
    classes, width = _class_count(run), arrays["logits"].shape[1] if "logits" in arrays else 0
    if classes and width and width != classes:
        raise damaged(run.path, name, f"it is of {width} classes, the run of {classes}")
    if not says_origin and run.has(SPLIT):
        ids = run.load_json(SPLIT)["items"][split]["ids"]
        if arrays["ids"].tolist() != ids:
            raise damaged(run.path, name, f"its items are not those of the {split} split")
    return predictions


def _class_count(run: Run) -> int:
    """How many classes the run stored; 0 where it has not one target with classes."""
    if run.has("classes.json"):
        return len(run.load_json("classes.json"))
    return len(run.load_json(PREPROCESSING)["class_names"]) if run.has(PREPROCESSING) else 0


def note_use(run: Run, split: SplitName, purpose: str, *measured: Storable) -> None:
    """Write into the ledger that the labels of a split were read; only those of the test split count.

    Called when nothing can refuse any more, and before any number or picture is out.

    Args:
        run: whose labels they are.
        split: which.
        purpose: what they were wanted for.
        measured: every set of predictions that was held against them.
    """
    if split == "test":
        note_test_use(run, purpose, [predictions.to_arrays() for predictions in measured])
