"""Predictions from any other tool: a folder with `test.npz` or `test.csv`, and likewise for `val` and `calibration`."""

import csv
import math
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np

from sightline.errors import UsageError
from sightline.metrics.predictions import Predictions

Split = Literal["val", "calibration", "test"]

ARRAYS = ("ids", "logits", "labels")
SUFFIXES = (".npz", ".csv")
SPLITS: tuple[Split, ...] = ("val", "calibration", "test")


def holds_predictions(folder: Path, split: Split = "test") -> bool:
    """Whether a folder holds predictions of a split."""
    return any((folder / f"{split}{suffix}").is_file() for suffix in SUFFIXES)


def read_predictions(folder: Path, split: Split) -> Predictions:
    """Read the predictions of a split.

    `<split>.npz` holds `ids` (n,), `logits` (n, classes) and `labels` (n,) counted from 0. `<split>.csv` has a head
    line: `id`, `label`, then one column of logits for each class, in the order of the labels.

    Raises:
        UsageError: there is neither file, or it does not hold that.
    """
    for suffix, read in ((".npz", _read_npz), (".csv", _read_csv)):
        path = folder / f"{split}{suffix}"
        if path.is_file():
            predictions = read(path)
            if len(np.unique(predictions.ids)) < len(predictions):
                raise UsageError(f"{path}: an id stands there twice; every item needs one of its own")
            return predictions
    raise UsageError(f"{folder} holds neither {split}.npz nor {split}.csv")


def class_names(folder: Path) -> list[str]:
    """The names in the head line of a CSV file; of arrays, numbers from 0."""
    for split in SPLITS:
        if (path := folder / f"{split}.csv").is_file():
            with path.open(newline="", encoding="utf-8-sig") as stream:
                return next(csv.reader(stream))[2:]
    known = next(split for split in SPLITS if (folder / f"{split}.npz").is_file())
    return [str(number) for number in range(read_predictions(folder, known).logits.shape[1])]


def _read_npz(path: Path) -> Predictions:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            found = {name: archive[name] for name in ARRAYS if name in archive.files}
    except (ValueError, OSError, BadZipFile, EOFError) as error:
        raise UsageError(f"{path} is no npz file of plain arrays: {error}") from error
    if lacking := [name for name in ARRAYS if name not in found]:
        raise UsageError(f"{path} lacks {', '.join(lacking)}; it takes {', '.join(ARRAYS)}")
    ids, logits, labels = (found[name] for name in ARRAYS)
    if ids.ndim != 1 or labels.shape != ids.shape or logits.ndim != 2 or len(logits) != len(ids):
        raise UsageError(f"{path}: ids {ids.shape}, logits {logits.shape}, labels {labels.shape} do not fit together")
    if labels.dtype.kind not in "iu" or logits.dtype.kind not in "fiu":
        raise UsageError(f"{path}: logits are {logits.dtype} and labels {labels.dtype}; they take floats and integers")
    return Predictions(ids.astype(np.str_), logits.astype(np.float32), labels.astype(np.int64))


def _read_csv(path: Path) -> Predictions:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.reader(stream)
        head = next(rows, [])
        if head[:2] != ["id", "label"] or len(head) < 4:
            raise UsageError(f"{path}: its head line must be id,label and then one column of logits for each class")
        ids: list[str] = []
        labels: list[int] = []
        logits: list[list[float]] = []
        for number, row in enumerate(rows, start=2):
            try:
                label = int(row[1])
                values = [float(value) for value in row[2:]]
            except (ValueError, IndexError) as error:
                raise UsageError(f"{path}, line {number}: {','.join(row)[:80]!r} is no row of numbers") from error
            if len(row) != len(head) or not all(map(math.isfinite, values)):
                raise UsageError(f"{path}, line {number}: it takes {len(head) - 2} finite logits")
            ids.append(row[0])
            labels.append(label)
            logits.append(values)
    width = len(head) - 2
    return Predictions(
        np.array(ids, dtype=np.str_),
        np.array(logits, dtype=np.float32).reshape(-1, width),
        np.array(labels, dtype=np.int64),
    )
