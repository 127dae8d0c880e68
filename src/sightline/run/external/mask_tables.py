"""Tables beside another tool's masks: what the classes and their colours are, and what each image belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.errors import UsageError
from sightline.run.csv_table import CsvTable, read_csv

NAMES, COLOURS, GROUPS = "classes.txt", "classes.csv", "groups.csv"
IGNORED: Final = 255
"""The class of pixels that count for nothing."""


@dataclass(frozen=True)
class MaskClasses:
    """The classes of masks.

    Attributes:
        names: by class id; None where nothing names them.
        ids: the class id of each colour, 65536 red + 256 green + blue, or `IGNORED`; empty where there are no colours.
        origin: where they stand.
    """

    names: tuple[str, ...] | None
    ids: Mapping[int, int]
    origin: Path


def read_classes(folder: Path) -> MaskClasses:
    """The lines of `classes.txt`, or the rows of `classes.csv` with the columns `name`, `r`, `g`, `b` and maybe `id`.

    Raises:
        UsageError: the file cannot be read, or names fewer than two classes.
    """
    path = next((folder / name for name in (COLOURS, NAMES) if (folder / name).is_file()), folder / NAMES)
    if not path.is_file():
        return MaskClasses(None, {}, path)
    names, ids = _of_table(read_csv(path, str(path))) if path.name == COLOURS else (_lines(path), {})
    if len(names) < 2:
        raise UsageError(f"{path} names {len(names)} classes; it takes two at least, one a line, in their order from 0")
    return MaskClasses(names, ids, path)


def _lines(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no text: {error}") from error
    return tuple(line.strip() for line in lines if line.strip())


def _of_table(table: CsvTable) -> tuple[tuple[str, ...], dict[int, int]]:
    """Names by class id, and class ids by colour; a row with the id 255 is what counts for nothing."""
    places = {name: table.column(name) for name in ("name", "r", "g", "b", "id")}
    if lacking := [name for name in ("name", "r", "g", "b") if places[name] is None]:
        raise UsageError(
            f"{table.name} has no column {lacking[0]}; it takes name,r,g,b, and id where 255 is not counted"
        )
    names, ids = list[str](), dict[int, int]()
    for line, cells in table.rows:
        given = {name: cells[place].strip() for name, place in places.items() if place is not None}
        try:
            red, green, blue = (int(given[channel]) for channel in "rgb")
            number = int(given["id"]) if "id" in given else len(names)
        except ValueError as error:
            raise UsageError(f"{table.name}, line {line}: r, g, b and id are whole numbers") from error
        colour = red << 16 | green << 8 | blue
        if not all(0 <= part <= 255 for part in (red, green, blue)) or colour in ids:
            raise UsageError(f"{table.name}, line {line}: each class takes a colour of its own, of 0 to 255")
        if number not in {len(names), IGNORED}:
            raise UsageError(
                f"{table.name}, line {line}: the id is {number}; ids count from 0 in the order of the rows"
            )
        ids[colour] = number
        if number != IGNORED:
            names.append(given["name"])
    return tuple(names), ids


def read_groups(folder: Path, names: Sequence[str]) -> NDArray[np.str_] | None:
    """(n,) what each image belongs to, by `groups.csv` with `id` and `group`; None where there is no such file.

    An image that it does not name is a group of its own.

    Raises:
        UsageError: it cannot be read, lacks a column, or puts an image into two groups.
    """
    path = folder / GROUPS
    if not path.is_file():
        return None
    table = read_csv(path, str(path))
    at, of = table.column("id"), table.column("group")
    if at is None or of is None:
        raise UsageError(f"{path} has no column {'id' if at is None else 'group'}; it takes id,group")
    groups: dict[str, str] = {}
    for line, cells in table.rows:
        name, group = cells[at].strip().removesuffix(".png"), cells[of].strip()
        if groups.setdefault(name, group) != group:
            raise UsageError(f"{path}, line {line}: {name} is in the group {groups[name]} already")
    return np.array([groups.get(name) or f"image {name}" for name in names], dtype=np.str_)
