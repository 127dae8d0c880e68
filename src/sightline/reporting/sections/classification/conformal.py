"""Conformal sets: instead of one class, a set of classes that holds the truth as often as promised."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.calibration import Calibration, ConformalSets
from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.formatting import interval, number
from sightline.reporting.sections.blocks import Block, Bullets, Table, Text
from sightline.reporting.sections.classification.calibration import fresh, judged_on
from sightline.reporting.sections.section import Section

HEADER: Final = ("Method", "Promise", "Holds", "Coverage", "Mean size", "One class", "Empty", "All classes")

HOLDS: Final = {"marginal": "over all images", "class": "within each class"}
EVERY_CLASS: Final = "every set holds every class"
EMPTY: Final = "Such a promise is kept and says nothing."
PARTLY_EMPTY: Final = "For these classes the promise is kept and says nothing."


def set_table(entries: Sequence[ConformalSets]) -> Table:
    """One row a kind of set that was measured."""
    return Table(HEADER, [_row(entry) for entry in entries if "coverage" in entry])


def _row(entry: ConformalSets) -> list[str]:
    return [
        entry["method"].upper(),
        number("accuracy", 1 - entry["alpha"]),
        HOLDS[entry["conditional"]],
        interval("accuracy", entry["coverage"]),
        _size(entry),
        number("accuracy", entry["single"]),
        number("accuracy", entry["empty"]),
        number("accuracy", entry.get("all_classes")),
    ]


def _size(entry: ConformalSets) -> str:
    """The mean size with its limits, where the file holds them."""
    size = entry.get("size")
    ends = "" if size is None else f" [{size['low']:.2f}, {size['high']:.2f}]"
    return f"{entry['mean_size']:.2f}{ends}"


def empty_promises(entries: Sequence[ConformalSets]) -> list[str]:
    """Which sets promise less than they seem to, in words."""
    return [
        f"{entry['method'].upper()}, {number('accuracy', 1 - entry['alpha'])} "
        f"{HOLDS[entry['conditional']]}: {reason}. {EMPTY if reason.endswith(EVERY_CLASS) else PARTLY_EMPTY}"
        for entry in entries
        if (reason := entry.get("empty_promise", ""))
    ]


def blocks(contents: Contents) -> Iterator[Block]:
    """The sets; the card has those of the split that was measured."""
    if not (calibration := contents.read(CALIBRATION)):
        return
    evaluation = fresh(contents.read(EVALUATION))
    entries = (evaluation["calibrated"] if evaluation else calibration).get("conformal", [])
    table = set_table(entries)
    if table.rows:
        yield Text(
            "Instead of one class, a set of classes that misses the truth no more often than promised: over all "
            "images, or within each class. The bounds come from the other half of the split, "
            f"{calibration['n_promises']:,} images{_of_groups(calibration)} that the temperature has not seen. "
            "The promise holds for images like these; where they change, it is void.",
            on="page",
        )
        yield replace(
            table,
            caption=f"Measured on {judged_on(calibration, evaluation)}.",
            lead=f"Conformal sets on the {evaluation['split']} split:" if evaluation else "",
            sources=[f"evaluation.json: calibrated.conformal[{place}]" for place in range(len(table.rows))],
            on=None if evaluation else "page",
        )
    if empty := empty_promises(entries):
        yield Bullets(empty)


def _of_groups(calibration: Calibration) -> str:
    """In how many groups they come: then the promise is for an image of a new one."""
    groups = calibration.get("n_groups")
    return "" if groups is None else f" in {groups:,} groups (the promise is for an image, any alike, of a new group)"


SECTION: Final = Section(
    title="Sets that hold the truth",
    blocks=blocks,
    card="Calibration",
    sources=(CALIBRATION.name,),
    task="classification",
)
