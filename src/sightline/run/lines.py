"""JSON lines: files that grow by a row at a time. Whoever is killed while writing leaves a torn line, and only that."""

import fcntl
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.errors import naming_file

logger = logging.getLogger(__name__)

_DECODER = json.JSONDecoder()
_reported: set[tuple[Path, tuple[int, ...]]] = set()
"""What this process has warned of already."""


@dataclass(frozen=True)
class Lines:
    """What a file holds.

    Attributes:
        rows: JSON objects, in order.
        torn: numbers of the lines, from 1, of which a part cannot be read.
    """

    rows: list[Any]
    torn: tuple[int, ...]


def append_row(path: Path, row: Mapping[str, object]) -> None:
    """Add a row on a line of its own, after a torn one too. It survives the death of this process.

    The file is locked meanwhile, where its drive knows locks: two processes never look for its end at once.

    Raises:
        OSError: the file cannot be written. What was written of the row is a torn line.
    """
    line = (json.dumps(dict(row), allow_nan=False) + "\n").encode()
    with naming_file(path), path.open("ab+") as stream:
        with suppress(OSError):
            fcntl.lockf(stream, fcntl.LOCK_EX)
        if stream.seek(0, os.SEEK_END):
            stream.seek(-1, os.SEEK_END)
            line = line if stream.read(1) == b"\n" else b"\n" + line
        stream.write(line)


def read_lines(path: Path) -> Lines:
    """All rows of a file; what is torn is passed over, with one warning a process."""
    rows: list[Any] = []
    torn = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        found, is_whole = _rows_of(line.decode(errors="replace").strip())
        rows += found
        if not is_whole:
            torn.append(number)
    if torn and (path, tuple(torn)) not in _reported:
        _reported.add((path, tuple(torn)))
        logger.warning("%s: line %s is torn and left out, all others count", path, ", ".join(map(str, torn)))
    return Lines(rows, tuple(torn))


def _rows_of(line: str) -> tuple[list[Any], bool]:
    """The rows of a line, and whether nothing else is in it.

    Earlier versions wrote the next row behind a torn one, on the same line. No row holds an object of its own, so the
    last brace of a line begins a row.
    """
    rows: list[Any] = []
    place = 0
    while place < len(line):
        row, end = _row_at(line, place)
        if row is None:
            row, _ = _row_at(line, line.rfind('{"', place + 1))
            return (rows if row is None else [*rows, row]), False
        rows.append(row)
        place = end
    return rows, True


def _row_at(line: str, place: int) -> tuple[dict[str, Any] | None, int]:
    """The object that begins at a place, and where it ends; None where there is none."""
    if place < 0:
        return None, place
    try:
        row, end = _DECODER.raw_decode(line, place)
    except (ValueError, RecursionError):
        return None, place
    return (row if isinstance(row, dict) else None), end
