"""Predictions of another tool in an npz file: ids, labels, and logits or probabilities; or ids and confusions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.machine.text import storable
from sightline.metrics.predictions import Predictions
from sightline.run.archives import read_npz
from sightline.run.external.mask_npz import CONFUSIONS, PIXELS, masks_of
from sightline.run.external.prediction_file import MOST_CLASSES, PredictionFile
from sightline.run.logits import from_logits, from_probabilities

VALUES = ("logits", "probabilities")
"""The array of what was predicted has one of these names."""
REQUIRED = ("ids", "labels")
OPTIONAL = ("groups", "class_names")


def read(path: Path) -> PredictionFile:
    """Read the arrays of a file.

    Raises:
        UsageError: it is no such file, or an array lacks, has another shape or holds something else.
    """
    try:
        found = read_npz(path, (*REQUIRED, *VALUES, *OPTIONAL, CONFUSIONS, "ignored", *PIXELS))
    except ValueError as error:
        raise UsageError(f"{path} is no npz file of plain arrays: {error}") from error
    if CONFUSIONS in found and "ids" in found:
        named = ("ids", "class_names", "groups")
        return masks_of(path, found, {name: _texts(path, name, found[name]) for name in named if name in found})
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
