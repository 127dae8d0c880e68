"""A page, whole in itself: the blocks of a document as HTML."""

import base64
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

import sightline
from sightline.reporting.contents import Contents
from sightline.reporting.files import PROVENANCE
from sightline.reporting.formatting import MISSING
from sightline.reporting.sections.blocks import Block, Browser, Cell, Code, Figure, Link, Photo, Table, Words
from sightline.reporting.sections.table import document_of
from sightline.run.folder import Run

TEMPLATES: Final = Path(__file__).parent / "templates"
TINY: Final = 64
"""Pixels of the shorter side of an image that is shown as squares of colour."""
LONGEST_WORD: Final = 28
"""Characters of a word in a table that stay together."""
LONGEST_NUMBER: Final = 40
"""Characters of a number with its interval and unit."""
PIXELS_ON_PAGE: Final = 0.7
"""Page pixels for one pixel of a figure: figures are drawn at 150 dots an inch, for sharp screens."""


def render_page(run: Run, title: str | None = None) -> str:
    """Write the page of a run, a comparison or a sweep; a section whose file is missing says which mode writes it.

    Args:
        run: the run, opened for reading.
        title: the heading; by default the document's own.

    Raises:
        RunFailedError: a file of the run is damaged.
    """
    contents = Contents(run)
    document = document_of(contents)
    shown = [
        (chapter, [part for part in parts if part.blocks or part.figures or part.missing])
        for chapter, parts in document.parts(contents)
    ]
    provenance = contents.read(PROVENANCE)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title or document.title(contents),
            name=contents.name,
            time=provenance["time"] if provenance else "",
            chapters=[(chapter, parts) for chapter, parts in shown if parts],
            filters=_filters(block for _, parts in shown for part in parts for block in part.blocks),
            version=sightline.__version__,
        )
    )


def _environment() -> Environment:
    """What templates are given is escaped, and a name they lack is an error."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"kind": _kind, "words": _words, "columns": _columns, "breaks": _breaks, "picture": _picture}
    found.filters |= {"jpeg": _jpeg, "entries": _entries, "is_tiny": _is_tiny}
    return found


def _kind(part: object) -> str:
    """The name of the macro that writes a block or a piece of text."""
    return type(part).__name__.lower()


def _words(text: Words) -> tuple[str | Code | Link, ...]:
    """The pieces of a text."""
    return (text,) if isinstance(text, str) else text


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, whether it holds numbers, which are set to the right."""

    name: str
    numeric: bool


def _columns(table: Table) -> list[Column]:
    """The columns of a table, one for the meanings included."""
    names = [*table.header, *(["What it says"] if table.meanings else [])]
    cells = [list(column) for column in zip(*table.rows, strict=True)]
    return [Column(name, 0 < place < len(cells) and _is_numeric(cells[place])) for place, name in enumerate(names)]


def _breaks(table: Table) -> bool:
    """Whether a word of a table is too long for a column, so that it may break anywhere."""
    texts = (cell if isinstance(cell, str) else cell.text for row in table.rows for cell in row)
    return any(len(word) > LONGEST_WORD for text in texts for word in text.split())


def _is_numeric(cells: Iterable[str | Cell]) -> bool:
    """Whether all cells are numbers with what belongs to them. A list that begins with a number is text and wraps."""
    return all(
        isinstance(cell, str)
        and len(cell) <= LONGEST_NUMBER
        and (cell in {MISSING, ""} or cell[:1].isdigit() or cell[:1] in {"+", "-"})
        for cell in cells
    )


@dataclass(frozen=True)
class Entry:
    """A row of a browser: the photo, and the numbers of its classes."""

    photo: Photo
    truth: int
    answer: int


@dataclass(frozen=True)
class Entries:
    """The rows of a browser, and the classes that a reader can choose: number, name, how often it occurs."""

    rows: Sequence[Entry]
    truths: Sequence[tuple[int, str, int]]
    answers: Sequence[tuple[int, str, int]]


def _entries(browser: Browser) -> Entries:
    """Classes are told by number: a name in a style or an attribute could end it."""
    names = sorted({name for photo in browser.photos for name in (photo.truth, photo.answer)})
    place = {name: number for number, name in enumerate(names)}
    rows = [Entry(photo, place[photo.truth], place[photo.answer]) for photo in browser.photos]
    truths, answers = Counter(row.truth for row in rows), Counter(row.answer for row in rows)
    return Entries(
        rows,
        [(number, names[number], truths[number]) for number in sorted(truths)],
        [(number, names[number], answers[number]) for number in sorted(answers)],
    )


def _filters(blocks: Iterable[Block]) -> str:
    """The style that hides the rows of a browser that were not asked for: no script takes part."""
    lines = []
    for found in [_entries(block) for block in blocks if isinstance(block, Browser)]:
        for kind, classes in (("truth", found.truths), ("answer", found.answers)):
            lines += [
                f'.browser:has(.{kind} option[value="{number}"]:checked) tbody tr:not([data-{kind}="{number}"])'
                for number, _, _ in classes
            ]
    return ",\n".join(lines) + " { display: none; }" if lines else ""


def _jpeg(content: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(content).decode()


def _is_tiny(content: bytes) -> bool:
    """Whether an image is shown as squares of colour."""
    with Image.open(BytesIO(content), formats=["JPEG"]) as image:
        return min(image.size) <= TINY


@dataclass(frozen=True)
class Picture:
    """A figure as the page holds it: the image itself, its size in page pixels."""

    source: str
    width: int
    height: int


def _picture(figure: Figure) -> Picture:
    content = figure.path.read_bytes()
    width, height = struct.unpack(">II", content[16:24])  # the head of every PNG file
    source = "data:image/png;base64," + base64.b64encode(content).decode()
    return Picture(source, round(width * PIXELS_ON_PAGE), round(height * PIXELS_ON_PAGE))
