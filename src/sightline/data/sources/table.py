"""A table of images: a path and a label in each row, optionally a split and a group."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sightline.config.data import CsvData
from sightline.data.sources.source import ROLE_WORDS, Source
from sightline.errors import UsageError
from sightline.machine.reading import is_file, is_folder
from sightline.run.csv_table import read_csv


@dataclass(frozen=True)
class _Row:
    line: int
    path: Path
    name: str
    label: str
    role: str | None
    group: str | None


def find_table(config: CsvData) -> Source:
    """List the images of `config.manifest`; paths are relative to `config.root`, or to the manifest's folder.

    Blank splits are left to be cut; an item with a blank group is a group of its own.

    Raises:
        UsageError: the table, a column, a file or a cell is missing or wrong (it names the line), a path repeats, or
            there is only one class.
    """
    if config.manifest is None:
        raise UsageError("data.manifest is not set: data=csv takes data.manifest=FILE, a table with a header line")
    manifest = Path(config.manifest).expanduser()
    base = manifest.parent if config.root is None else Path(config.root).expanduser()
    if not is_folder(base):
        raise UsageError(f"data.root={base} is no folder")
    rows = list(_rows(manifest, base, config))
    _refuse_bad_paths(rows, manifest, base)
    label_of = _one_name_a_number({row.label for row in rows})
    class_names = tuple(sorted(set(label_of.values())))
    if len(class_names) < 2:
        found = f"one class only, {class_names[0]!r}" if class_names else "no rows"
        raise UsageError(f"data.manifest={manifest} holds {found}; data.label_column={config.label_column} needs two")
    number = {name: index for index, name in enumerate(class_names)}
    return Source.of_classes(
        ids=tuple(row.name for row in rows),
        labels=np.array([number[label_of[row.label]] for row in rows], dtype=np.int64),
        class_names=class_names,
        roles=tuple(row.role for row in rows),
        groups=None if config.group_column is None else tuple(row.group or row.name for row in rows),
        files=tuple(row.path for row in rows),
    )


def _one_name_a_number(labels: set[str]) -> dict[str, str]:
    """The class of each label: `2.0` is `2` where both occur, as spreadsheets and pandas write one for the other."""
    whole = {label: re.sub(r"^(-?\d+)[.,]0$", r"\1", label) for label in labels}
    return {label: name if name in labels else label for label, name in whole.items()}


def columns_of(config: CsvData, ids: Sequence[str], columns: Sequence[str]) -> dict[str, list[str]]:
    """The cells of some columns for some images.

    Args:
        config: of the table.
        ids: the images.
        columns: names of columns, asked for by `evaluation.slices`.

    Raises:
        UsageError: there is no such column, or an image is no longer listed.
    """
    assert config.manifest is not None
    manifest = Path(config.manifest).expanduser()
    base = manifest.parent if config.root is None else Path(config.root).expanduser()
    wanted = {config.path_column: "data.path_column", **dict.fromkeys(columns, "evaluation.slices")}
    rows = {_place(base, cells[config.path_column])[1]: cells for _, cells in _lines(manifest, wanted)}
    if gone := [name for name in ids if name not in rows]:
        raise UsageError(f"data.manifest={manifest} no longer lists {len(gone)} images of this run, {gone[0]} first")
    return {column: [rows[name][column] for name in ids] for column in columns}


def _place(base: Path, path: str) -> tuple[Path, str]:
    """Where an image lies, and its id."""
    full = os.path.normpath(base / path)
    return Path(full), Path(full.removeprefix(os.path.normpath(base) + os.sep)).as_posix()


def _rows(manifest: Path, base: Path, config: CsvData) -> Iterator[_Row]:
    """Every row of the table, its cells checked."""
    for line, cells in _lines(manifest, _columns(config)):
        where = f"data.manifest={manifest}, line {line}"
        path, label = cells[config.path_column], cells[config.label_column]
        for column, cell in ((config.path_column, path), (config.label_column, label)):
            if not cell:
                raise UsageError(f"{where}: no {column}")
        word = cells[config.split_column].lower() if config.split_column else ""
        if word and word not in ROLE_WORDS:
            raise UsageError(f"{where}: {config.split_column}={word!r} is none of {', '.join(ROLE_WORDS)}")
        full, name = _place(base, path)
        group = cells[config.group_column] if config.group_column else None
        yield _Row(line, full, name, label, ROLE_WORDS.get(word), group)


def _columns(config: CsvData) -> dict[str, str]:
    """The columns that are asked for: name to the key that asks."""
    keys = ("path_column", "label_column", "split_column", "group_column")
    return {getattr(config, key): f"data.{key}" for key in keys if getattr(config, key) is not None}


def _lines(manifest: Path, columns: dict[str, str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and the cells of some columns by the name that was asked for.

    Args:
        manifest: the table.
        columns: the name of each column, in any case, to the key that asks for it.

    Raises:
        UsageError: the file cannot be read as a table, or lacks a column.
    """
    table = read_csv(manifest, f"data.manifest={manifest}")
    places = {column: table.column(column) for column in columns}
    for column, place in places.items():
        if place is None:
            raise UsageError(
                f"{columns[column]}={column}: {manifest} has no such column; it has {', '.join(table.head)}"
            )
    for line, cells in table.rows:
        yield line, {column: cells[place] for column, place in places.items() if place is not None}


def _refuse_bad_paths(rows: list[_Row], manifest: Path, base: Path) -> None:
    """Every file must be there, once; one that is there and cannot be read, the data gate will name.

    Raises:
        UsageError: one is missing or repeats.
    """
    line_of: dict[Path, int] = {}
    for row in rows:
        if row.path in line_of:
            raise UsageError(
                f"data.manifest={manifest}, line {row.line}: {row.name} is on line {line_of[row.path]} already; "
                "an image may be listed once"
            )
        line_of[row.path] = row.line
    missing = [row for row in rows if not is_file(row.path) and _is_missing(row.path)]
    if missing:
        raise UsageError(
            f"data.manifest={manifest}, line {missing[0].line}: there is no file {missing[0].path}"
            + (f" ({len(missing)} of {len(rows)} are missing)" if len(missing) > 1 else "")
            + f"; paths are relative to {base}, which data.root=DIR changes"
        )


def _is_missing(path: Path) -> bool:
    """Whether there is nothing, or a folder; a broken link, a named pipe or a device is something."""
    return is_folder(path) or not os.path.lexists(path)
