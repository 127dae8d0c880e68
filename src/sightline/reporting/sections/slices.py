"""Where the model is worse: accuracy by columns of the data's table."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.evaluation import Slice
from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.formatting import MISSING, interval, signed
from sightline.reporting.sections.blocks import Block, Table
from sightline.reporting.sections.section import Section

HEADER: Final = ("Column", "Value", "Images", "Accuracy", "Above the others")


def slice_table(slices: Sequence[Slice]) -> Table:
    """One row a slice."""
    return Table(HEADER, [_row(entry) for entry in slices])


def _row(entry: Slice) -> list[str]:
    difference = signed("accuracy", entry["difference"]) if "difference" in entry else MISSING
    return [entry["column"], entry["value"], f"{entry['n']:,}", interval("accuracy", entry["accuracy"]), difference]


def blocks(contents: Contents) -> Iterator[Block]:
    """The slices that were asked for."""
    if (evaluation := contents.read(EVALUATION)) and (slices := evaluation.get("slices")):
        yield replace(
            slice_table(slices),
            caption="Accuracy within each value of a column, and how far it is from that of all other images; "
            "the limits of the differences hold together.",
            lead="By columns of the table; the limits of the differences hold together:",
            sources=[f"evaluation.json: slices[{place}]" for place in range(len(slices))],
        )


SECTION: Final = Section(
    title="Slice by slice", blocks=blocks, card="Results", sources=(EVALUATION.name,), task="classification"
)
