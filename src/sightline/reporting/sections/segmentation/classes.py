"""Masks class by class, and one number beside the other: over all pixels, over images, with every pixel the same."""

from collections.abc import Iterator, Sequence
from typing import Final

from sightline.metrics.catalogue import MASKS
from sightline.metrics.documents.segmentation import MaskClassScores, MaskEvaluation
from sightline.reporting.contents import Contents
from sightline.reporting.formatting import interval
from sightline.reporting.sections.blocks import Block, Heading, Table, Text
from sightline.reporting.sections.section import FigureKind, Section
from sightline.reporting.sections.segmentation.verdict import EVALUATION

SIDES: Final = (("IoU", "mean_iou", "image_iou", "micro_iou"), ("Dice", "mean_dice", "image_dice", "micro_dice"))
FOLDED: Final = 40
"""More classes than these are unfolded on demand."""


def class_table(rows: Sequence[MaskClassScores]) -> Table:
    """One row a class: how much of it there is, and how well it is found."""
    return Table(
        ("Class", "Images", "Pixels", "IoU", "Dice", "Precision", "Recall"),
        [
            [
                row["class"],
                f"{row['images']:,}",
                f"{row['pixels']:,}",
                *(interval("mean_iou", row[share]) for share in ("iou", "dice", "precision", "recall")),
            ]
            for row in rows
        ],
    )


def weakest_first(rows: Sequence[MaskClassScores]) -> list[MaskClassScores]:
    """By IoU; classes without any are last."""
    return sorted(rows, key=lambda row: (row["iou"]["value"] is None, row["iou"]["value"] or 0.0))


def side_by_side(evaluation: MaskEvaluation) -> Table:
    """The same score over all pixels, image by image, and with every pixel counting the same."""
    metrics = evaluation["metrics"]
    rows = [[name, *(interval(key, metrics[key]) for key in keys)] for name, *keys in SIDES]
    rows.append([
        "Pixel accuracy", "–", interval("image_accuracy", metrics["image_accuracy"]),
        interval("pixel_accuracy", metrics["pixel_accuracy"]),
    ])  # fmt: skip
    return Table(
        ("Score", "Mean of classes, all pixels together", "Mean of images", "Every pixel the same (micro)"), rows
    )


def blocks(contents: Contents) -> Iterator[Block]:
    """Both tables."""
    if not (evaluation := contents.read(EVALUATION)):
        return
    rows = weakest_first(evaluation["per_class"])
    folded = f"All {len(rows)} classes, weakest first" if len(rows) > FOLDED else ""
    table = class_table(rows)
    yield Table(table.header, table.rows, caption="Weakest first, each with its interval.", folded=folded)
    yield Heading("Over classes, images and pixels", on="page")
    yield side_by_side(evaluation)
    yield Text(
        "Small classes count as much as large ones in the first column, small images as large ones in the second.",
        soft=True,
    )


SECTION: Final = Section(
    title="Class by class",
    blocks=blocks,
    card="Results",
    sources=(EVALUATION.name,),
    figures=(
        FigureKind(
            "confusion_normalised", "Confusion of pixels, normalised", "Rows are true classes; each adds up to 100."
        ),
        FigureKind(
            "confusion", "Confusion of pixels", "Rows are true classes, columns answers; the diagonal is right."
        ),
    ),
    task=MASKS,
)
