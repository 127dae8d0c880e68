"""The classes of masks: their names, and the number or colour that stands for each, as files of many origins say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.errors import UsageError
from sightline.machine.reading import is_file, read_regular
from sightline.machine.text import storable
from sightline.run.csv_table import CsvTable, read_csv

FILES: Final = (
    *("classes.txt", "classes.csv", "codes.txt", "class_dict.csv", "label_colors.txt", "labelmap.txt", "labels.txt"),
)
"""Where classes are looked for under a root, the first that is there."""

MOST: Final = 255
"""Classes that ids of 8 bits tell apart beside the ignore index."""

NAME: Final = ("name", "class", "class_name", "label", "category")
NUMBER: Final = ("id", "index", "value", "class_id", "number")
COLOUR: Final = (("r", "red"), ("g", "green"), ("b", "blue"))

_COLOUR_FIRST: Final = re.compile(r"(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})[\s,;:]+(\D.*)")
_COLOUR_LAST: Final = re.compile(r"([^:]+):\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?::.*)?")
_NUMBERED: Final = re.compile(r"(\d{1,5})\s*[\s:=,;]\s*(.+)")


@dataclass(frozen=True)
class ClassTable:
    """What is known of the classes of masks, in the order of their numbers.

    Attributes:
        names: of each.
        numbers: what stands for each where masks hold numbers.
        colours: what stands for each where masks hold colours, 65536 red + 256 green + blue; None where none are given.
        origin: where they stand, for messages.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    colours: tuple[int, ...] | None
    origin: str

    def __post_init__(self) -> None:
        """Refuse what cannot be told apart.

        Raises:
            UsageError: there are too few or too many, or two share a name, a number or a colour.
        """
        if not 2 <= len(self.names) <= MOST:
            raise UsageError(f"{self.origin} names {len(self.names)} classes; masks take 2 to {MOST}")
        for what, column in (("name", self.names), ("number", self.numbers), ("colour", self.colours or ())):
            if repeated := sorted({one for one in column if column.count(one) > 1}):
                names = [name for name, one in zip(self.names, column, strict=True) if one == repeated[0]]
                raise UsageError(f"{self.origin}: one {what} for two classes, {names[0]} and {names[1]}")


def class_table(root: Path, classes: Sequence[str] | str | None) -> ClassTable | None:
    """The classes that a key names, a file of that key, or a file under the root; None where there is none.

    Raises:
        UsageError: the file cannot be read, or does not say what the classes are.
    """
    if isinstance(classes, str):
        path = Path(classes) if Path(classes).is_absolute() or is_file(classes) else root / classes
        return read_table(path, f"data.classes={classes}")
    if classes is not None:
        return ClassTable(tuple(classes), tuple(range(len(classes))), None, "data.classes")
    found = next((root / name for name in FILES if is_file(root / name)), None)
    return None if found is None else read_table(found, storable(str(found)))


def read_table(path: Path, name: str) -> ClassTable:
    """A file with a class a line, or a table with columns for names, and optionally numbers and colours.

    Lines are a name, `3 road`, `128 64 128 road`, or `road:128,64,128` of CVAT; blank ones and those that begin with #
    are passed over.

    Raises:
        UsageError: it cannot be read, or is neither.
    """
    if path.suffix.lower() in {".csv", ".tsv"}:
        return _of_columns(read_csv(path, name), name)
    try:
        text = read_regular(path).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no text in UTF-8") from error
    lines = [line.strip() for line in text.splitlines()]
    return _of_lines([line for line in lines if line and not line.startswith("#")], name)


def _of_lines(lines: Sequence[str], name: str) -> ClassTable:
    count = tuple(range(len(lines)))
    if lines and all(found := [_COLOUR_FIRST.fullmatch(line) for line in lines]):
        parts = [one.groups() for one in found if one]
        return ClassTable(tuple(part[3].strip() for part in parts), count, _colours([p[:3] for p in parts], name), name)
    if lines and all(found := [_COLOUR_LAST.fullmatch(line) for line in lines]):
        parts = [one.groups() for one in found if one]
        return ClassTable(tuple(part[0].strip() for part in parts), count, _colours([p[1:] for p in parts], name), name)
    if lines and all(found := [_NUMBERED.fullmatch(line) for line in lines]):
        pairs = sorted((int(one[1]), one[2].strip()) for one in found if one)
        return ClassTable(tuple(word for _, word in pairs), tuple(number for number, _ in pairs), None, name)
    return ClassTable(tuple(lines), count, None, name)


def _of_columns(table: CsvTable, name: str) -> ClassTable:
    names = _column(table, NAME)
    if names is None:
        raise UsageError(f"{name} has no column of names; its first line is to be name,r,g,b or id,name or name")
    numbers = _column(table, NUMBER)
    channels = [_column(table, words) for words in COLOUR]
    try:
        listed = [int(cell) for cell in numbers] if numbers else list(range(len(names)))
    except ValueError as error:
        raise UsageError(f"{name}: a number of a class is no whole number: {error}") from error
    cells = [one for one in channels if one is not None]
    colours = _colours(list(zip(*cells, strict=True)), name) if len(cells) == len(COLOUR) else None
    order = sorted(range(len(names)), key=listed.__getitem__)
    picked = None if colours is None else tuple(colours[place] for place in order)
    return ClassTable(tuple(names[place] for place in order), tuple(listed[place] for place in order), picked, name)


def _column(table: CsvTable, words: Sequence[str]) -> list[str] | None:
    place = next((found for word in words if (found := table.column(word)) is not None), None)
    return None if place is None else [cells[place] for _, cells in table.rows]


def _colours(listed: Sequence[Sequence[str]], name: str) -> tuple[int, ...]:
    """Colours as one number each.

    Raises:
        UsageError: a channel is no number from 0 to 255.
    """
    packed = []
    for channels in listed:
        if not all(cell.isascii() and cell.isdigit() and int(cell) <= 255 for cell in channels):
            raise UsageError(f"{name}: {', '.join(channels)} is no colour; each channel takes a number from 0 to 255")
        red, green, blue = map(int, channels)
        packed.append(red << 16 | green << 8 | blue)
    return tuple(packed)
