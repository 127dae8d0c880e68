"""How far exported files lie from the run's own answers."""

from collections.abc import Iterator
from typing import Final

from sightline.machine.text import significant
from sightline.metrics.documents.parity import UNITS, FileParity, Parity
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.sections.blocks import Block, Facts, Heading, Table, Text
from sightline.reporting.sections.section import Section

CAPTION: Final = (
    "The largest distance of a probability from the run's, by size of the images and how many went in at once."
)
PARITY: Final = JsonFile[Parity]("export/parity.json")


def parity_table(found: FileParity) -> Table:
    """A row for each size of images, a column for each number of them at once."""
    cells = found["cells"]
    counts = sorted({cell["batch"] for cell in cells if cell["batch"] is not None})
    sizes = list(dict.fromkeys((cell["height"], cell["width"]) for cell in cells))
    largest = {(cell["height"], cell["width"], cell["batch"]): cell["largest"] for cell in cells}
    rows = [[_size(*size), *(_figure(largest, (*size, count)) for count in (None, *counts))] for size in sizes]
    return Table(["height x width", "up to 32", *(f"batch {count}" for count in counts)], rows)


def _size(height: int | None, width: int | None) -> str:
    return "as they came" if height is None else f"{height} x {width}"


def _figure(largest: dict[tuple[int | None, int | None, int | None], float], key: tuple[int | None, ...]) -> str:
    value = largest.get((key[0], key[1], key[2]))
    return "" if value is None else _number(value)


def _number(value: float) -> str:
    return "0" if value == 0 else f"{value:.1e}" if value < 1e-3 else significant(value, 2)


def blocks(contents: Contents) -> Iterator[Block]:
    """What was compared, and the largest distance by step, batch and size."""
    if reason := contents.staleness(PARITY):
        yield Text(f"Left out: {PARITY.name} {reason}. Mode `export` makes it anew.")
        return
    if not (parity := contents.read(PARITY)):
        return
    for name, found in parity["files"].items():
        yield Heading(name)
        yield Text(
            f"{found['answers']:,} answers to {parity['images']:,} images of {parity['split']}, as they came and as "
            f"photos of other sizes, lie within {_number(found['largest'])} of the run's own probabilities; "
            f"{parity['tolerance']:g} was allowed."
        )
        yield Facts([(step, f"{_number(value)} {UNITS[step]}") for step, value in found["steps"].items()])
        table = parity_table(found)
        yield Table(table.header, table.rows, caption=CAPTION)


SECTION: Final = Section(blocks=blocks, sources=(PARITY.name,), own=True)
