"""Predictions from any other tool: a folder with `test.npz` or `test.csv`, and likewise for `val` and `calibration`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.machine.text import storable
from sightline.metrics.predictions import Predictions
from sightline.run.archives import read_npz
from sightline.run.csv_table import CsvTable, read_csv
from sightline.run.logits import from_logits, from_probabilities

Split = Literal["val", "calibration", "test"]

VALUES = ("logits", "probabilities")
"""The array of what was predicted has one of these names."""
REQUIRED = ("ids", "labels")
OPTIONAL = ("groups", "class_names")
PROBABILITY = "probability:"
"""What the names of class columns begin with where they hold probabilities."""
MOST_CLASSES = 2**31
"""No label reaches it; larger ones are ids in the wrong column."""
SPLITS: tuple[Split, ...] = ("val", "calibration", "test")


@dataclass(frozen=True)
class PredictionFile:
    """What another tool says of a split.

    Attributes:
        predictions: of n items.
        groups: (n,) what each item belongs to (a patient, a video); None where the file does not say.
        class_names: in the order of the logits; None where the file does not say.
        notes: what a reader of the numbers must know of how the file was read.
    """

    predictions: Predictions
    groups: NDArray[np.str_] | None
    class_names: tuple[str, ...] | None
    notes: tuple[str, ...]


def holds_predictions(folder: Path, split: Split = "test") -> bool:
    """Whether a folder holds predictions of a split."""
    return any((folder / f"{split}{suffix}").is_file() for suffix in _READERS)


def read_folder(folder: Path) -> dict[Split, PredictionFile]:
    """Read every split that a folder holds.

    Raises:
        UsageError: a file is wrong, or two of them know other classes or hold the same item.
    """
    files = {split: read_file(folder, split) for split in SPLITS if holds_predictions(folder, split)}
    for (before, other), (split, file) in combinations(list(files.items()), 2):
        differ = file.class_names and other.class_names and file.class_names != other.class_names
        if differ or file.predictions.logits.shape[1] != other.predictions.logits.shape[1]:
            raise UsageError(f"{folder}: {split} knows other classes than {before}, or has them in another order")
        if same := _same_items(file.predictions, other.predictions):
            raise UsageError(
                f"{folder}: {before} and {split} hold {len(same)} items alike, such as {same[0]}; "
                "what one of them fits must not be measured on the other: leave them out of one"
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
    path = file_of(folder, split)
    file = _READERS[path.suffix](path)
    _check(file, path)
    return file


def file_of(folder: Path, split: Split) -> Path:
    """The file of a split.

    Raises:
        UsageError: there is none.
    """
    for path in (folder / f"{split}{suffix}" for suffix in _READERS):
        if path.is_file():
            return path
    raise UsageError(f"{folder} holds neither {split}.npz nor {split}.csv")


def class_names(files: Mapping[Split, PredictionFile]) -> list[str]:
    """The names that a file of the folder gives; where none does, numbers from 0."""
    named = next((file.class_names for file in files.values() if file.class_names), None)
    width = next(iter(files.values())).predictions.logits.shape[1]
    return list(named or map(str, range(width)))


def _check(file: PredictionFile, path: Path) -> None:
    """Refuse a file without items, ids that repeat, labels without a class, classes of one name."""
    ids, labels, width = file.predictions.ids, file.predictions.labels, file.predictions.logits.shape[1]
    if not len(ids):
        raise UsageError(f"{path} holds no items")
    if len(np.unique(ids)) < len(ids):
        raise UsageError(f"{path}: an id stands there twice; every item needs one of its own")
    if labels.min() < 0 or labels.max() >= width:
        outside = int(np.argmax((labels < 0) | (labels >= width)))
        raise UsageError(f"{path}: the label of {ids[outside]} is {labels[outside]}; {width} classes count from 0")
    if file.class_names is not None and len(set(file.class_names)) < width:
        raise UsageError(f"{path}: class names are {', '.join(file.class_names[:8])}; it takes {width} different ones")


def _same_items(one: Predictions, other: Predictions) -> list[str]:
    """The ids that both hold with the same logits; ids alone may be numbers of rows."""
    shared, here, there = np.intersect1d(one.ids, other.ids, return_indices=True)
    same = (one.logits[here] == other.logits[there]).all(axis=1)
    return [str(name) for name in shared[same]]


def _listed(groups: NDArray[np.str_] | None) -> list[str]:
    return [] if groups is None else groups.tolist()


def _read_npz(path: Path) -> PredictionFile:
    try:
        found = read_npz(path, (*REQUIRED, *VALUES, *OPTIONAL))
    except ValueError as error:
        raise UsageError(f"{path} is no npz file of plain arrays: {error}") from error
    kinds = [name for name in VALUES if name in found]
    if (lacking := [name for name in REQUIRED if name not in found]) or not kinds:
        lacking += [] if kinds else ["logits"]
        raise UsageError(f"{path} lacks {', '.join(lacking)}; it takes ids, labels, and logits or probabilities")
    if len(kinds) > 1:
        raise UsageError(f"{path} holds logits and probabilities; leave one of them")
    ids, values, labels = found["ids"], found[kinds[0]], found["labels"]
    _check_shapes(path, kinds[0], values, found)
    texts = {name: _texts(path, name, found[name]) for name in ("ids", "class_names", "groups") if name in found}
    ids = texts["ids"]

    def place(row: int) -> str:
        return f"{path}, item {ids[row]}"

    with np.errstate(over="ignore"):  # what float64 does not hold becomes infinite, and is refused
        values = values.astype(np.float64)
    if kinds[0] == "probabilities":
        logits, notes = from_probabilities(values, place)
    else:
        logits, notes = from_logits(values, place, "call the array probabilities")
    names = tuple(texts["class_names"].tolist()) if "class_names" in texts else None
    return PredictionFile(Predictions(ids, logits, labels.astype(np.int64)), texts.get("groups"), names, tuple(notes))


def _texts(path: Path, name: str, array: NDArray[Any]) -> NDArray[np.str_]:
    """Names, or numbers that serve as names, as text that can be written."""
    if array.dtype.kind not in "USiufbMm":
        raise UsageError(f"{path}: {name} are {array.dtype}; they take text or whole numbers")
    try:
        listed = (np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array.astype(np.str_)).tolist()
    except (ValueError, SystemError) as error:  # what is no UTF-8; numbers beyond Unicode
        raise UsageError(f"{path}: {name} are no text: {error}") from error
    return np.array([storable(text) for text in listed], dtype=np.str_)


def _check_shapes(path: Path, kind: str, values: NDArray[Any], found: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that do not fit each other, or hold something else."""
    ids, labels = found["ids"], found["labels"]
    shapes = {name: array.shape for name, array in found.items()}
    n = ids.shape[0] if ids.ndim == 1 else -1
    wanted = {"ids": (n,), "labels": (n,), "groups": (n,), kind: (n, *values.shape[1:2])}
    wanted["class_names"] = values.shape[1:2]
    if values.ndim != 2 or any(shape != wanted[name] for name, shape in shapes.items()):
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise UsageError(f"{path}: {listed} do not fit together")
    whole = labels.dtype.kind in "iu" or (labels.dtype.kind == "f" and bool((labels == np.floor(labels)).all()))
    if not whole or values.dtype.kind not in "fiu":
        raise UsageError(f"{path}: {kind} are {values.dtype} and labels {labels.dtype}; they take floats and integers")
    if (far := np.abs(labels.astype(np.float64)) >= MOST_CLASSES).any():
        raise UsageError(f"{path}: the label {labels[far][0]} is no number of a class from 0")


def _read_csv(path: Path) -> PredictionFile:
    table = read_csv(path, str(path))
    places = {name: table.column(name) for name in ("id", "label", "group")}
    columns = [place for place in range(len(table.head)) if place not in places.values()]
    if places["id"] is None or places["label"] is None or len(columns) < 2:
        raise UsageError(
            f"{path}: its head line must be id,label and then one column of logits for each class; "
            f"it is {','.join(table.head)[:80]!r}"
        )
    heads = [table.head[place] for place in columns]
    if "" in heads:
        raise UsageError(f"{path}: a column has no name; pandas leaves its own out with to_csv(index=False)")
    said = [name.casefold().startswith(PROBABILITY) for name in heads]
    if any(said) and not all(said):
        raise UsageError(f"{path}: {heads[said.index(False)]} does not begin with {PROBABILITY}, as other columns do")
    values = np.array([_numbers(table, row, columns) for row in table.rows], dtype=np.float64).reshape(-1, len(columns))
    labels = np.array([_label(table, row, places["label"]) for row in table.rows], dtype=np.int64)
    ids = np.array([cells[places["id"]] for _, cells in table.rows], dtype=np.str_)

    def place(row: int) -> str:
        return f"{path}, line {table.rows[row][0]}"

    if all(said):
        logits, notes = from_probabilities(values, place)
        heads = [name[len(PROBABILITY) :].strip() for name in heads]
    else:
        logits, notes = from_logits(values, place, f"name the columns {PROBABILITY}{heads[0]} and so on")
    return PredictionFile(
        Predictions(ids, logits, labels), _groups(table, places["group"], ids), tuple(heads), tuple(notes)
    )


def _numbers(table: CsvTable, row: tuple[int, tuple[str, ...]], columns: list[int]) -> list[float]:
    line, cells = row
    number = float if table.delimiter == "," else table.number
    try:
        return [number(cells[place]) for place in columns]
    except ValueError as error:
        raise UsageError(f"{table.name}, line {line}: {','.join(cells)[:80]!r} is no row of numbers") from error


def _label(table: CsvTable, row: tuple[int, tuple[str, ...]], place: int) -> int:
    line, cells = row
    try:
        number = table.number(cells[place])
    except ValueError:
        number = 0.5
    if number % 1 or abs(number) >= MOST_CLASSES:
        raise UsageError(f"{table.name}, line {line}: the label {cells[place]!r} is no number of a class from 0")
    return int(number)


def _groups(table: CsvTable, place: int | None, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
    """The group of each item, of one with a blank cell its own; None where all are blank."""
    if place is None or not any(cells[place] for _, cells in table.rows):
        return None
    return np.array([cells[place] or name for (_, cells), name in zip(table.rows, ids.tolist(), strict=True)])


_READERS: Mapping[str, Callable[[Path], PredictionFile]] = {".npz": _read_npz, ".csv": _read_csv}
