"""What sections are made of.

A block holds words and numbers and knows nothing of who shows it: the page (`page.py`), the model card
(`model_card.py`) and, for tables, the terminal (`terminal.py`) all take the same blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

Medium = Literal["page", "card"]


@dataclass(frozen=True)
class Code:
    """Words within a text that are to be typed, or that name a file."""

    text: str


@dataclass(frozen=True)
class Link:
    """An address within a text, shown as it is."""

    address: str


Words = str | tuple[str | Code | Link, ...]
"""A text, in one piece or in several."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than its text.

    Attributes:
        text: what it says.
        outcome: of a check (`pass`, `warn`, `drop`, `refuse`), which colours it.
        examples: what the page unfolds below the text.
    """

    text: str
    outcome: str = ""
    examples: str = ""


@dataclass(frozen=True, kw_only=True)
class Block:
    """What all blocks have in common.

    Attributes:
        on: the only medium that shows it; None: all do.
        folded: the line behind which the page hides it until somebody asks.
    """

    on: Medium | None = None
    folded: str = ""


@dataclass(frozen=True)
class Headline(Block):
    """The sentence that everything begins with."""

    text: str


@dataclass(frozen=True)
class Alert(Block):
    """What makes the numbers less than they seem."""

    text: str


@dataclass(frozen=True)
class Heading(Block):
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Text(Block):
    """A paragraph; a soft one explains, and steps back behind the others."""

    text: Words
    soft: bool = False


@dataclass(frozen=True)
class Bullets(Block):
    """Sentences, one below the other, after a line that leads in to them."""

    items: Sequence[str]
    lead: str = ""


@dataclass(frozen=True)
class Tile:
    """One headline number: what it is, its value, its interval, a remark, whether to beware of it."""

    label: str
    value: str
    interval: str
    remark: str
    beware: bool = False


@dataclass(frozen=True)
class Tiles(Block):
    """Headline numbers side by side."""

    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Facts(Block):
    """Pairs of a name and a value."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table(Block):
    """Rows of cells below a header.

    Attributes:
        header: names of the columns.
        rows: a cell for each column.
        caption: what the page says above it, and the card before it.
        lead: what the card says before it instead of the caption.
        meanings: a plain sentence on each row, which the page adds as its last column.
        sources: where each row was read, which the card adds as its last column.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    caption: str = ""
    lead: Words | None = None
    meanings: Sequence[str] = ()
    sources: Sequence[str] = ()


@dataclass(frozen=True)
class Figure(Block):
    """A picture: its title, how to read it, its PNG file."""

    title: str
    caption: str
    path: Path


@dataclass(frozen=True)
class Photo:
    """An answer to one image.

    Attributes:
        name: of the image.
        address: where its file can be opened; empty: nowhere.
        truth: its label.
        answer: of the model.
        confidence: of the answer.
        picture: a small copy, JPEG; empty: none.
        heat: where the evidence lay, likewise.
    """

    name: str
    address: str
    truth: str
    answer: str
    confidence: str
    picture: bytes = b""
    heat: bytes = b""

    def without_pictures(self) -> "Photo":
        """The words alone."""
        return replace(self, picture=b"", heat=b"")


@dataclass(frozen=True)
class Gallery(Block):
    """Photos side by side."""

    photos: Sequence[Photo]


@dataclass(frozen=True)
class Browser(Block):
    """Photos one a row, which a reader can filter by class and sort."""

    photos: Sequence[Photo]


@dataclass(frozen=True)
class Verbatim(Block):
    """Text that is shown as it stands: a command, a configuration."""

    text: str
