"""The one reader of tables that people and their programs write as CSV, with the habits of Excel and of pandas."""

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import UsageError
from sightline.machine.reading import read_regular

DELIMITERS = ",;\t"
ARCHIVE = b"PK\x03\x04"
"""What workbooks of Excel and LibreOffice begin with."""
SAID = re.compile(r'"?sep=([,;\t|:])"?', re.IGNORECASE)
"""Excel's first line, which names the delimiter."""

Cells = tuple[str, ...]


@dataclass(frozen=True)
class CsvTable:
    """A table with a head line.

    Attributes:
        name: what messages call it.
        head: the names of its columns.
        rows: the line and the cells of each row, as many as columns; rows of blanks are left out.
        delimiter: between its cells.
    """

    name: str
    head: Cells
    rows: tuple[tuple[int, Cells], ...]
    delimiter: str

    def column(self, name: str) -> int | None:
        """The place of a column, by its name in this very spelling, else in any case; None where there is none.

        Raises:
            UsageError: several columns bear that name.
        """
        found = [place for place, one in enumerate(self.head) if one == name]
        found = found or [place for place, one in enumerate(self.head) if one.casefold() == name.casefold()]
        if len(found) > 1:
            raise UsageError(f"{self.name}: {len(found)} columns are called {self.head[found[0]]}; rename one")
        return found[0] if found else None

    def number(self, cell: str) -> float:
        """A cell as a number; where commas do not part cells, one may stand for the decimal point.

        Raises:
            ValueError: it is none.
        """
        has_comma = self.delimiter != "," and cell.count(",") == 1 and "." not in cell
        return float(cell.replace(",", ".") if has_comma else cell)


def read_csv(path: Path, name: str) -> CsvTable:
    """Read a table in UTF-8, UTF-16 or Windows-1252, with commas, semicolons or tabs, or what `sep=` says.

    Blanks around cells, blank lines and blank columns at the end are left out.

    Args:
        path: of the file.
        name: what messages call it.

    Raises:
        UsageError: the file cannot be read as a table; where a row is wrong, its line is named.
    """
    try:
        text = _decoded(read_regular(path), name)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
    stream = io.StringIO(text, newline="")
    delimiter, skipped = _dialect(stream)
    reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True)
    try:
        listed = [(skipped + reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise UsageError(f"{name}, line {skipped + reader.line_num}: {error}") from error
    rows = [(line, cells) for line, cells in listed if any(cells)]
    head = _without_blanks_at_the_end(rows[0][1]) if rows else []
    return CsvTable(name, tuple(head), tuple(_fitted(name, row, len(head)) for row in rows[1:]), delimiter)


def _decoded(content: bytes, name: str) -> str:
    """The text of a file."""
    if content.startswith(ARCHIVE):
        raise UsageError(f"{name} is a workbook and no CSV; save it as CSV UTF-8")
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UsageError(f"{name} is no text in UTF-8, UTF-16 or Windows-1252; save it as CSV UTF-8")


def _encodings(content: bytes) -> tuple[str, ...]:
    """What a file may be written in, the likeliest first: every byte but five is Windows-1252."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return ("utf-16",)
    if b"\0" in content:  # in UTF-16 half of each Latin letter
        return ("utf-16-le" if content[1::2].count(0) > content[::2].count(0) else "utf-16-be",)
    return ("utf-8-sig", "cp1252")


def _dialect(stream: io.StringIO) -> tuple[str, int]:
    """The delimiter, and how many lines stand before the table, where the stream is left.

    It is what Excel's own line says, else what occurs most often in the head line outside quotes.
    """
    for skipped, line in enumerate(stream, start=1):
        if said := SAID.fullmatch(line.strip("\r\n")):
            return said[1], skipped
        if line.strip():
            stream.seek(0)
            return max(DELIMITERS, key=re.sub(r'"[^"]*"', "", line).count), 0
    return DELIMITERS[0], 0


def _without_blanks_at_the_end(cells: list[str]) -> list[str]:
    width = max((place for place, cell in enumerate(cells, start=1) if cell), default=0)
    return cells[:width]


def _fitted(name: str, row: tuple[int, list[str]], width: int) -> tuple[int, Cells]:
    """A row with a cell for each column.

    Raises:
        UsageError: it has more, or fewer.
    """
    line, cells = row
    if len(cells) < width or any(cells[width:]):
        raise UsageError(
            f"{name}, line {line}: {len(cells)} cells, the head line has {width}; "
            "a delimiter inside a cell needs quotes around it"
        )
    return line, tuple(cells[:width])
