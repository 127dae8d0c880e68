"""Predictions from any other tool: a folder with `test.npz` or `test.csv`, and likewise for `val` and `calibration`.

Of masks it may hold pictures instead (`mask_folder`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.machine.reading import is_file, is_folder
from sightline.metrics.predictions import Predictions
from sightline.metrics.segmentation.predictions import MaskPredictions
from sightline.run.external import csv_file, mask_folder, npz_file
from sightline.run.external.prediction_file import PredictionFile, check

AnyOf = Predictions | MaskPredictions
Split = Literal["val", "calibration", "test"]
SPLITS: tuple[Split, ...] = ("val", "calibration", "test")
READERS: Mapping[str, Callable[[Path], PredictionFile]] = {".npz": npz_file.read, ".csv": csv_file.read}
"""By suffix; where both files lie there, the first is read."""


def holds_predictions(folder: Path, split: Split = "test") -> bool:
    """Whether a folder holds predictions of a split."""
    return any((folder / f"{split}{suffix}").is_file() for suffix in READERS) or mask_folder.holds_masks(folder, split)


def check_folder(folder: Path) -> None:
    """Refuse what is no folder.

    Raises:
        UsageError: it is a file, or is not there.
    """
    if is_file(folder):
        raise UsageError(f"predictions={folder} is a file; it takes the folder with test.npz or test.csv in it")
    if not is_folder(folder):
        raise UsageError(f"predictions={folder}: there is no such folder")


def read_folder(folder: Path) -> dict[Split, PredictionFile]:
    """Read every split that a folder holds.

    Raises:
        UsageError: a file is wrong, or two of them know other classes or hold the same item.
    """
    files = {split: read_file(folder, split) for split in SPLITS if holds_predictions(folder, split)}
    for (before, other), (split, file) in combinations(list(files.items()), 2):
        differ = file.class_names and other.class_names and file.class_names != other.class_names
        if file.of_masks != other.of_masks:
            raise UsageError(f"{folder}: one of {before} and {split} is of labels, the other of masks; keep them apart")
        if differ or file.classes != other.classes:
            raise UsageError(f"{folder}: {split} knows other classes than {before}, or has them in another order")
        if same := _same_items(file.predictions, other.predictions):
            raise UsageError(
                f"{_place(folder, before)} and {_place(folder, split)} hold {len(same)} "
                f"item{'s' * (len(same) != 1)} alike, such as {', '.join(same[:3])}; what one of them fits must not be "
                "measured on the other: leave them out of one, or give other images ids of their own"
            )
        if torn := set(_listed(file.groups)) & set(_listed(other.groups)):
            note = f"{len(torn)} groups, such as {min(torn)}, have items in {before} and in {split}."
            files[split] = replace(files[split], notes=(*files[split].notes, note))
    return files


def read_file(folder: Path, split: Split) -> PredictionFile:
    """Read the predictions of a split, as docs/guides/other-tools.md describes `<split>.npz` and `<split>.csv`.

    Raises:
        UsageError: there is neither file, or it does not hold that.
    """
    path = files_of(folder, split)[0]
    if path.parent == folder:
        file = READERS[path.suffix](path)
    else:
        path, file = folder / split, mask_folder.read(folder, split)
    check(file, path)
    return file


def files_of(folder: Path, split: Split) -> list[Path]:
    """The file of a split; of masks that are pictures, all of these.

    Raises:
        UsageError: there is none.
    """
    for path in (folder / f"{split}{suffix}" for suffix in READERS):
        if path.is_file():
            return [path]
    if mask_folder.holds_masks(folder, split) and (found := mask_folder.mask_files(folder, split)):
        return found
    raise UsageError(f"{folder} holds neither {split}.npz nor {split}.csv, nor masks in {split}/predicted and /truth")


def _place(folder: Path, split: Split) -> Path:
    """The file of a split, or the folder of its masks."""
    path = files_of(folder, split)[0]
    return path if path.parent == folder else folder / split


def class_names(files: Mapping[Split, PredictionFile]) -> list[str]:
    """The names that a file of the folder gives; where none does, numbers from 0."""
    named = next((file.class_names for file in files.values() if file.class_names), None)
    width = next(iter(files.values())).classes
    return list(named or map(str, range(width)))


def _same_items(one: AnyOf, other: AnyOf) -> list[str]:
    """The ids that both hold; of numbers, which may count rows, and of files of masks, with the same answers too."""
    shared, here, there = np.intersect1d(one.ids, other.ids, return_indices=True)
    own, others = (part.logits if isinstance(part, Predictions) else part.confusions for part in (one, other))
    same = (own[here] == others[there]).all(axis=tuple(range(1, own.ndim)))
    if isinstance(one, Predictions):
        same |= ~np.char.isdecimal(shared)
    return [str(name) for name in shared[same]]


def _listed(groups: NDArray[np.str_] | None) -> list[str]:
    return [] if groups is None else groups.tolist()
