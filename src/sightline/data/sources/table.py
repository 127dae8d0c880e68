"""A table of images: a path and a label in each row, optionally a split and a group."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sightline.config.data import CsvData
from sightline.data.sources.remarks import Remark, counted, listed
from sightline.data.sources.source import ROLE_WORDS, ROLES, Source
from sightline.data.sources.table_paths import is_missing, looks_like_a_row, place, where_instead
from sightline.errors import UsageError
from sightline.machine.paths import path_of
from sightline.machine.reading import is_folder
from sightline.run.csv_table import read_csv

BLANKS = frozenset({"nan", "null", "none", "na", "n/a", "#n/a", "?", "-"})
"""What programs write for a cell without content; a class may be called so all the same."""

MANY = 20
"""Different numbers among the labels that may well be classes."""
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")


@dataclass(frozen=True)
class _Row:
    line: int
    path: Path
    name: str
    label: str
    role: str | None
    group: str | None
    has_backslashes: bool


def find_table(config: CsvData) -> Source:
    """List the images of `config.manifest`; paths are relative to `config.root`, or to the manifest's folder.

    Blank splits are left to be cut; an item with a blank group is a group of its own; one with a blank label is left
    out where `data.validation.blank_labels` says so.

    Raises:
        UsageError: the table, a column, a file or a cell is missing or wrong (it names the line), a path repeats, or
            there is only one class.
    """
    if config.manifest is None:
        raise UsageError("data.manifest is not set: data=csv takes data.manifest=FILE, a table with a header line")
    manifest = path_of(config.manifest)
    base = manifest.parent if config.root is None else path_of(config.root)
    if not is_folder(base):
        raise UsageError(f"data.root={base} is no folder")
    listed_rows = list(_rows(manifest, base, config))
    rows = _with_labels(listed_rows, manifest, config)
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
        remarks=tuple(_remarks(listed_rows, rows, label_of, config)),
    )


def _with_labels(rows: list[_Row], manifest: Path, config: CsvData) -> list[_Row]:
    """The rows that have a label.

    Raises:
        UsageError: one has none, unless those are to be left out.
    """
    blank = [row for row in rows if not row.label]
    if blank and config.validation.blank_labels == "refuse":
        raise UsageError(
            f"data.manifest={manifest}, line {blank[0].line}: no {config.label_column}; "
            f"{len(blank)} of {counted(len(rows), 'row')} have none: fill them in, or leave them out with "
            "data.validation.blank_labels=drop"
        )
    return [row for row in rows if row.label]


def _remarks(
    listed_rows: list[_Row], rows: list[_Row], label_of: Mapping[str, str], config: CsvData
) -> Iterator[Remark]:
    """What was taken for granted, each in a line."""
    blank = [str(row.line) for row in listed_rows if not row.label]
    if blank:
        lines = f"line{'s' * (len(blank) > 1)} {listed(blank)}"
        message = f"{counted(len(blank), 'row')} without {config.label_column} left out: {lines}"
        yield Remark("blank_labels", "drop", len(blank), message, tuple(blank[:10]))
    if config.split_column:
        counts = Counter(row.role or "" for row in rows)
        given = ", ".join(f"{role} {counts[role]:,}" for role in ROLES if counts[role]) or "none"
        drawn = f"; {counted(counts[''], 'row')} without a word will be drawn" if counts[""] else ""
        yield Remark("layout", "pass", len(rows), f"splits as column {config.split_column} says, {given}{drawn}")
    if config.group_column and (alone := sum(not row.group for row in rows)):
        message = f"{counted(alone, 'row')} without {config.group_column}: each is a group of its own"
        yield Remark("blank_groups", "pass", alone, message)
    if merged := sorted(label for label, name in label_of.items() if label != name):
        number = sum(row.label in merged for row in rows)
        pairs = listed([f"{label} as {label_of[label]}" for label in merged])
        yield Remark("numbers_as_labels", "pass", number, f"{counted(number, 'label')} read as whole numbers: {pairs}")
    if len(numbers := {row.label for row in rows if _NUMBER.fullmatch(row.label)}) > max(MANY, len(rows) // 3):
        message = (
            f"{len(numbers):,} of {counted(len(rows), 'label')} are different numbers, each of which is learned as a "
            "class: quantities want to be put into a few classes first"
        )
        yield Remark("quantities_as_labels", "warn", len(numbers), message, tuple(sorted(numbers)[:10]))
    if words := sorted({row.label for row in rows if row.label.casefold() in BLANKS}):
        number = sum(row.label in words for row in rows)
        bear = f"{counted(number, 'row')} bear{'s' * (number == 1)}"
        message = f"{bear} the label {listed(words)}, which reads as none; such a class is learned"
        yield Remark("labels_like_blanks", "warn", number, message, tuple(words))
    if turned := [row.name for row in rows if row.has_backslashes]:
        message = f"backslashes in {counted(len(turned), 'path')} were read as slashes"
        yield Remark("backslashes", "pass", len(turned), message, tuple(turned[:10]))


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
    manifest = path_of(config.manifest)
    base = manifest.parent if config.root is None else path_of(config.root)
    wanted = {config.path_column: "data.path_column", **dict.fromkeys(columns, "evaluation.slices")}
    rows = {place(base, cells[config.path_column])[1]: cells for _, cells in _lines(manifest, wanted)}
    if gone := [name for name in ids if name not in rows]:
        raise UsageError(f"data.manifest={manifest} no longer lists {len(gone)} images of this run, {gone[0]} first")
    return {column: [rows[name][column] for name in ids] for column in columns}


def _rows(manifest: Path, base: Path, config: CsvData) -> Iterator[_Row]:
    """Every row of the table, its cells checked."""
    for line, cells in _lines(manifest, _columns(config)):
        where = f"data.manifest={manifest}, line {line}"
        path, label = cells[config.path_column], cells[config.label_column]
        if not path:
            raise UsageError(f"{where}: no {config.path_column}")
        word = cells[config.split_column].lower() if config.split_column else ""
        if word and word not in ROLE_WORDS:
            raise UsageError(f"{where}: {config.split_column}={word!r} is none of {', '.join(ROLE_WORDS)}")
        full, name = place(base, path)
        group = cells[config.group_column] if config.group_column else None
        yield _Row(line, full, name, label, ROLE_WORDS.get(word), group, "\\" in path and "\\" not in name)


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
    for name in filter(None, table.head):
        table.column(name)  # refuses one that is there twice
    places = {column: table.column(column) for column in columns}
    for column, found in places.items():
        if found is None:
            raise UsageError(
                f"{columns[column]}={column}: {manifest} has no such column; it has {', '.join(table.head)}"
                + ("; that line looks like a row: put a header above it" if looks_like_a_row(table.head) else "")
            )
    for line, cells in table.rows:
        yield line, {column: cells[found] for column, found in places.items() if found is not None}


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
    missing = [row for row in rows if is_missing(row.path)]
    if missing:
        raise UsageError(
            f"data.manifest={manifest}, line {missing[0].line}: there is no file {missing[0].path}"
            + (f" ({len(missing)} of {len(rows)} are missing)" if len(missing) > 1 else "")
            + f"; {where_instead(missing[0].path, base)}"
        )
