"""Some images with their masks: the best, those in the middle and the worst."""

from collections.abc import Iterator, Sequence
from typing import Final

from sightline.metrics.catalogue import MASKS
from sightline.metrics.documents.segmentation import ImageScores
from sightline.reporting.contents import Contents
from sightline.reporting.formatting import number
from sightline.reporting.sections.blocks import Block, Table
from sightline.reporting.sections.section import FigureKind, Section
from sightline.reporting.sections.segmentation.verdict import EVALUATION

HOW: Final = (
    "The image, its mask, the answer, and in vermillion the pixels where both differ; striped ones do not count."
)


def image_table(rows: Sequence[ImageScores]) -> Table:
    """One row an image."""
    return Table(
        ("Image", "Mean IoU", "Mean Dice", "Pixel accuracy"),
        [
            [
                row["id"],
                number("image_iou", row["iou"]),
                number("image_dice", row["dice"]),
                number("image_accuracy", row["accuracy"]),
            ]
            for row in rows
        ],
    )


def blocks(contents: Contents) -> Iterator[Block]:
    """The worst images by name; the pictures follow."""
    if evaluation := contents.read(EVALUATION):
        table = image_table(evaluation["images"]["worst"])
        yield Table(table.header, table.rows, caption="The images with the lowest IoU.", on="page")


SECTION: Final = Section(
    title="Masks",
    blocks=blocks,
    sources=(EVALUATION.name,),
    figures=(
        FigureKind("masks_worst", "The worst", HOW),
        FigureKind("masks_median", "In the middle", HOW),
        FigureKind("masks_best", "The best", HOW),
    ),
    task=MASKS,
)
