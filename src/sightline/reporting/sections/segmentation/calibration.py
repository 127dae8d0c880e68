"""Whether the probabilities of pixels mean what they say, and what sets of classes for every pixel keep."""

from collections.abc import Iterator, Sequence
from typing import Final

from sightline.machine.text import significant
from sightline.metrics.catalogue import MASKS
from sightline.metrics.documents.segmentation import MaskCalibration, MaskSets
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import MISSING, interval, label
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.section import FigureKind, Section
from sightline.reporting.sections.segmentation.verdict import EVALUATION

CALIBRATION: Final = JsonFile[MaskCalibration]("calibration.json")
OF: Final = {"pixel": "pixels of an image", "class": "pixels of a class in an image"}


def errors_table(calibration: MaskCalibration) -> Table:
    """One row an error of the sampled pixels, before the temperature and after."""
    return Table(
        ("Error", "Before", "After"),
        [
            [label(name), interval(name, entry), interval(name, calibration["after"].get(name))]
            for name, entry in calibration["before"].items()
        ],
    )


def sets_table(sets: Sequence[MaskSets]) -> Table:
    """One row a kind of set: what it promises and what it came to."""
    rows = []
    for entry in sets:
        size = entry.get("size")
        value = None if size is None else size["value"]
        rows.append([
            OF[entry["of"]],
            f"{100 * entry['alpha']:g} %",
            interval("accuracy", entry["missed"]) if "missed" in entry else MISSING,
            MISSING if value is None else f"{value:.2f}",
            entry["empty_promise"] or entry["promise"],
        ])  # fmt: skip
    return Table(("Of", "Missed at most", "Missed", "Classes in a set", "Promise"), rows)


def blocks(contents: Contents) -> Iterator[Block]:
    """The temperature, and the errors before and after."""
    if not (calibration := contents.read(CALIBRATION)):
        return
    yield Text(
        f"Temperature {significant(calibration['temperature'], 3)}, from {calibration['n_temperature']:,} images; "
        f"{calibration['sampling']}. {calibration['temperature_fit']['note']}".strip()
    )
    yield errors_table(calibration)
    for note in calibration["notes"]:
        yield Text(note, soft=True)


def sets(contents: Contents) -> Iterator[Block]:
    """What sets hold on the measured split, else where they were fitted."""
    calibration, evaluation = contents.read(CALIBRATION), contents.read(EVALUATION)
    judged = evaluation.get("calibrated") if evaluation else None
    if judged and judged["sets"] and evaluation:
        table = sets_table(judged["sets"])
        yield Table(table.header, table.rows, caption=f"Measured on {evaluation['n']:,} {evaluation['split']} images.")
    elif calibration and calibration["sets"]:
        table = sets_table(calibration["sets"])
        on = calibration["judged_on"]
        yield Table(table.header, table.rows, caption=f"Measured on {on:,} images of validation." if on else "")


SECTION: Final = Section(
    title="Probabilities of pixels",
    blocks=blocks,
    card="Calibration",
    sources=(CALIBRATION.name,),
    missing="calibration",
    figures=(
        FigureKind("reliability", "Reliability of pixels", "On the diagonal a stated probability is the true one."),
    ),
    task=MASKS,
)
SETS: Final = Section(
    title="Sets of classes for every pixel", blocks=sets, card="Calibration", sources=(CALIBRATION.name,), task=MASKS
)
