"""Conformal sets: instead of one class, a set of classes that holds the truth as often as promised."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.calibration import ConformalSets
from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.formatting import interval, number
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.classification.calibration import judged_on
from sightline.reporting.sections.section import Section

HEADER: Final = ("Method", "Promise", "Holds", "Coverage", "Mean size", "One class", "Empty")


def set_table(entries: Sequence[ConformalSets]) -> Table:
    """One row a kind of set that was measured."""
    return Table(HEADER, [_row(entry) for entry in entries if "coverage" in entry])


def _row(entry: ConformalSets) -> list[str]:
    return [
        entry["method"].upper(),
        number("accuracy", 1 - entry["alpha"]),
        "within each class" if entry["conditional"] == "class" else "over all images",
        interval("accuracy", entry["coverage"]),
        f"{entry['mean_size']:.2f}",
        number("accuracy", entry["single"]),
        number("accuracy", entry["empty"]),
    ]


def blocks(contents: Contents) -> Iterator[Block]:
    """The sets; the card has those of the split that was measured."""
    if not (calibration := contents.read(CALIBRATION)):
        return
    evaluation = contents.read(EVALUATION)
    calibrated = evaluation.get("calibrated") if evaluation else None
    table = set_table((calibrated or calibration).get("conformal", []))
    if table.rows:
        yield Text(
            "Instead of one class, a set of classes that misses the truth no more often than promised: over all "
            "images, or within each class. The bounds come from the other half of the split, "
            f"{calibration['n_promises']:,} images that the temperature has not seen. "
            "The promise holds for images like these; where they change, it is void.",
            on="page",
        )
        yield replace(
            table,
            caption=f"Measured on {judged_on(calibration, evaluation)}.",
            lead=f"Conformal sets on the {evaluation['split']} split:" if evaluation else "",
            sources=[f"evaluation.json: calibrated.conformal[{place}]" for place in range(len(table.rows))],
            on=None if calibrated else "page",
        )


SECTION: Final = Section(
    title="Sets that hold the truth",
    blocks=blocks,
    card="Calibration",
    sources=(CALIBRATION.name,),
    task="classification",
)
