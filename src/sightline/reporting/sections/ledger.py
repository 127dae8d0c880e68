"""Every use of the test labels."""

from collections.abc import Iterator
from typing import Final

from sightline.reporting.contents import LEDGER, Contents
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.section import Section
from sightline.run.ledger import new_looks
from sightline.run.records import LedgerRow

HEADER: Final = ("Time", "Stage", "Purpose", "Answers")


def blocks(contents: Contents) -> Iterator[Block]:
    """One row a use, and how many of them were of new answers."""
    if torn := contents.torn_lines(LEDGER):
        yield Text(f"Lines that a command left unfinished, before it gave a number: {torn}.", soft=True)
    if not (rows := contents.rows(LEDGER)):
        yield Text("None so far.", soft=True, on="page")
        return
    yield Table(HEADER, [_row(row, is_new) for row, is_new in zip(rows, new_looks(rows), strict=True)])
    uses = contents.test_uses
    yield Text(f"Looks at new answers: {uses.looks}; the same answers measured again: {uses.again}.", soft=True)


def _row(row: LedgerRow, is_new: bool) -> list[str]:
    answers = "not recorded" if "measured" not in row else "new" if is_new else "as before"
    return [row.get("time", ""), row.get("stage", ""), row.get("purpose", ""), answers]


SECTION: Final = Section(
    title="Every use of the test labels",
    blocks=blocks,
    card="Uses of the test labels",
    sources=(LEDGER.name,),
    mode="evaluate",
)
