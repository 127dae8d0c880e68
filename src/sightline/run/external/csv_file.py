"""Predictions of another tool in a CSV file: a row an item, a column of logits or probabilities a class."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.metrics.predictions import Predictions
from sightline.run.csv_table import CsvTable, read_csv
from sightline.run.external.prediction_file import MOST_CLASSES, PredictionFile
from sightline.run.logits import from_logits, from_probabilities

PROBABILITY = "probability:"
"""What the names of class columns begin with where they hold probabilities."""


def read(path: Path) -> PredictionFile:
    """Read the rows of a table.

    Raises:
        UsageError: a column lacks, or a cell is not what its column holds.
    """
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
    classes = [name[len(PROBABILITY) :].strip() for name in heads] if all(said) else heads
    values = np.array([_numbers(table, row, columns) for row in table.rows], dtype=np.float64).reshape(-1, len(columns))
    labels = np.array([_label(table, row, places["label"], classes) for row in table.rows], dtype=np.int64)
    ids = np.array([cells[places["id"]] for _, cells in table.rows], dtype=np.str_)

    def place(row: int) -> str:
        return f"{path}, line {table.rows[row][0]}"

    if all(said):
        logits, notes = from_probabilities(values, place)
    else:
        logits, notes = from_logits(values, place, f"name the columns {PROBABILITY}{heads[0]} and so on")
    return PredictionFile(
        Predictions(ids, logits, labels), _groups(table, places["group"], ids), tuple(classes), tuple(notes)
    )


def _numbers(table: CsvTable, row: tuple[int, tuple[str, ...]], columns: list[int]) -> list[float]:
    line, cells = row
    number = float if table.delimiter == "," else table.number
    try:
        return [number(cells[place]) for place in columns]
    except ValueError as error:
        raise UsageError(f"{table.name}, line {line}: {','.join(cells)[:80]!r} is no row of numbers") from error


def _label(table: CsvTable, row: tuple[int, tuple[str, ...]], place: int, classes: list[str]) -> int:
    line, cells = row
    try:
        number = table.number(cells[place])
    except ValueError:
        number = 0.5
    if number % 1 or abs(number) >= MOST_CLASSES:
        name = cells[place].strip()
        hint = f"; {name} is {classes.index(name)}" if name in classes else ""
        raise UsageError(f"{table.name}, line {line}: the label {cells[place]!r} is no number of a class from 0{hint}")
    return int(number)


def _groups(table: CsvTable, place: int | None, ids: NDArray[np.str_]) -> NDArray[np.str_] | None:
    """The group of each item, of one with a blank cell its own; None where all are blank."""
    if place is None or not any(cells[place] for _, cells in table.rows):
        return None
    return np.array([cells[place] or name for (_, cells), name in zip(table.rows, ids.tolist(), strict=True)])
