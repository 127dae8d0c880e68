"""Every use of the test labels."""

from collections.abc import Iterator
from typing import Final

from sightline.reporting.contents import LEDGER, Contents
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.section import Section

COLUMNS: Final = ("time", "stage", "purpose")


def blocks(contents: Contents) -> Iterator[Block]:
    """One row a use."""
    rows = [[str(row.get(key, "")) for key in COLUMNS] for row in contents.rows(LEDGER)]
    yield Table([name.capitalize() for name in COLUMNS], rows) if rows else Text("None so far.", soft=True, on="page")


SECTION: Final = Section(
    title="Every use of the test labels",
    blocks=blocks,
    card="Uses of the test labels",
    sources=(LEDGER.name,),
    mode="evaluate",
)
