"""The model card: Markdown from measured files only, each number with the file it comes from.

After Mitchell et al., Model Cards for Model Reporting (2019). What nobody measured is named as not measured, and what
only people can know is left to people.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import (
    Alert,
    Block,
    Bullets,
    Cell,
    Code,
    Facts,
    Heading,
    Headline,
    Link,
    Table,
    Text,
    Tiles,
    Verbatim,
    Words,
)
from sightline.reporting.sections.section import Part
from sightline.reporting.sections.table import document_of
from sightline.run.folder import Run

FIRST: Final = ("Results", "Calibration", "Training")
"""What the card begins with; the rest follows in the order of the page."""
FOR_PEOPLE: Final = """\
Not measured, and for people to write: what the model is meant for and what it is not, whom a mistake would harm,
how the data were collected and with whose consent. Nothing is known of images of another kind than those above."""


def render_model_card(run: Run) -> str:
    """Write the card of a run as Markdown; a sweep and a comparison have none, and it is empty.

    Raises:
        RunFailedError: a file of the run is damaged.
    """
    contents = Contents(run)
    document = document_of(contents)
    (_, head), *chapters = document.parts(contents)
    headings: dict[str, list[Part]] = {heading: [] for heading in FIRST}
    for part in (part for _, parts in chapters for part in parts if part.section.card):
        headings.setdefault(part.section.card, []).append(part)
    if not any(headings.values()):
        return ""
    written = [
        f"# Model card: {_plain(document.title(contents))}",
        f"Run `{contents.name}`. {_joined(head)}".rstrip(),
        *(_section(heading, parts) for heading, parts in headings.items() if parts),
        f"## What this card does not say\n\n{FOR_PEOPLE}",
    ]
    return "\n\n".join(written) + "\n"


def _section(heading: str, parts: Sequence[Part]) -> str:
    """A heading, what its sections say, and their source; or what would write it."""
    first, blocks = parts[0].section, _blocks(parts)
    if not blocks:
        needs = ", where `data.calibration_fraction` keeps images for it" if first.writer == "calibrate" else ""
        return f"## {heading}\n\nNot measured yet: mode `{first.writer}` writes `{first.sources[0]}`{needs}."
    sources = " and ".join(f"`{name}`" for name in first.sources)
    return "\n\n".join([f"## {heading}", *blocks, f"Source: {sources}."])


def _joined(parts: Iterable[Part]) -> str:
    return "\n\n".join(_blocks(parts))


def _blocks(parts: Iterable[Part]) -> list[str]:
    """All that the parts say, as the card says it."""
    blocks = [_markdown(block) for part in parts for block in part.blocks if block.on != "page"]
    return [text for text in blocks if text]


def _markdown(block: Block) -> str:
    """A block; pictures are the page's."""
    match block:
        case Headline(text=text):
            return _plain(text)
        case Alert(text=text):
            return f"**Beware:** {_plain(text)}"
        case Heading(text=text):
            return f"### {_plain(text)}"
        case Text(text=words):
            return _words(words)
        case Bullets(items=items, lead=lead):
            return "\n".join([*([f"{_plain(lead)}\n"] if lead else []), *(f"- {_plain(item)}" for item in items)])
        case Tiles(tiles=tiles):
            return _facts((tile.label, f"{tile.value} ({tile.interval or tile.remark})") for tile in tiles)
        case Facts(pairs=pairs):
            return _facts(pairs)
        case Verbatim(text=text):
            return f"```\n{text}\n```"
        case Table():
            return _table(block)
    return ""


def _facts(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {_plain(value)}" for name, value in pairs)


def _table(table: Table) -> str:
    """A table, and what is said before it; sources become its last column, as code."""
    header = [*table.header, *(["Source"] if table.sources else [])]
    lines = [[_plain(cell.text if isinstance(cell, Cell) else cell) for cell in row] for row in table.rows]
    if table.sources:
        lines = [[*line, f"`{source}`"] for line, source in zip(lines, table.sources, strict=True)]
    text = "\n".join("| " + " | ".join(line) + " |" for line in [header, ["---"] * len(header), *lines])
    lead = table.caption if table.lead is None else table.lead
    return f"{_words(lead)}\n\n{text}" if lead else text


def _words(words: Words) -> str:
    """A text with its code and its addresses."""
    pieces = (words,) if isinstance(words, str) else words
    return "".join(map(_piece, pieces)).strip()


def _piece(piece: str | Code | Link) -> str:
    match piece:
        case Code(text=text):
            return f"`{text}`"
        case Link(address=address):
            return f"<{address}>"
        case _:
            return _escaped(piece)


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is, and that a person can still read: names and messages may hold anything."""
    return _escaped(text).strip()


def _escaped(text: str) -> str:
    flat = re.sub(r"([\\|*<`])", r"\\\1", re.sub(r"\s+", " ", text)).replace("](", "]\\(")
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", flat)
