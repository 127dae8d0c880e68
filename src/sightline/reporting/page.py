"""A page, whole in itself: the blocks of a document as HTML."""

import base64
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import sightline
from sightline.reporting.contents import Contents
from sightline.reporting.files import PROVENANCE
from sightline.reporting.formatting import MISSING
from sightline.reporting.sections.blocks import Cell, Code, Figure, Link, Table, Words
from sightline.reporting.sections.table import document_of
from sightline.run.folder import Run

TEMPLATES: Final = Path(__file__).parent / "templates"
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
    found.filters |= {"kind": _kind, "words": _words, "columns": _columns, "picture": _picture}
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


def _is_numeric(cells: Iterable[str | Cell]) -> bool:
    return all(
        isinstance(cell, str) and (cell in {MISSING, ""} or cell[:1].isdigit() or cell[:1] in {"+", "-"})
        for cell in cells
    )


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
