"""Predictions in the run folder: `predictions/<split>.npz`, those of the test split behind its lock."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from sightline.metrics.predictions import Arrays
from sightline.run.folder import Run, SplitName
from sightline.run.ledger import check_test_lock, note_test_use

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
    """Write the predictions of a split; equal arrays give equal bytes."""
    return run.save_arrays(predictions_file(split), **predictions.to_arrays())


def load_predictions(run: Run, split: SplitName, purpose: str, read: Callable[[Arrays], P]) -> P:
    """Read the predictions of a split; of the test split, through the lock. The stage then notes their use.

    Args:
        run: that made them.
        split: which.
        purpose: what they are wanted for.
        read: from the stored arrays to the predictions of the task, such as `Predictions.from_arrays`.

    Raises:
        LockedSplitError: the stage at work may not see test labels.
        UsageError: the file is missing.
    """
    if split == "test":
        check_test_lock(run, purpose)
    return read(run.load_arrays(predictions_file(split)))


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
