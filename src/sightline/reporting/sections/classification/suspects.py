"""Labels that the model contradicts."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.evaluation import SuspectLabels
from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.formatting import number
from sightline.reporting.sections.blocks import Block, Table
from sightline.reporting.sections.section import Section

HEADER: Final = ("Image", "Labelled", "Rather", "Probability of the label", "Of the other")


def suspect_table(suspects: SuspectLabels, most: int = 10) -> Table:
    """The labels most worth a second look, one a row."""
    rows = [
        [
            item["id"],
            item["label"],
            item["rather"],
            number("ece", item["label_probability"]),
            number("ece", item["rather_probability"]),
        ]
        for item in suspects["items"][:most]
    ]
    return Table(HEADER, rows)


def blocks(contents: Contents) -> Iterator[Block]:
    """The gravest."""
    evaluation = contents.read(EVALUATION)
    suspects = evaluation.get("suspects") if evaluation else None
    if suspects and suspects["items"]:
        yield replace(
            suspect_table(suspects),
            caption=f"The gravest of {suspects['count']:,}: the model is as sure of another class as it usually is "
            "where that class is the label. More stand in evaluation.json.",
        )


SECTION: Final = Section(
    title="Labels worth a second look", blocks=blocks, sources=(EVALUATION.name,), task="classification"
)
