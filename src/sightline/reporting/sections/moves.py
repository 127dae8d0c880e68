"""What a model is worth on images that were shifted and turned."""

from collections.abc import Iterator, Mapping
from typing import Final

from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.documents.robustness import TargetUnderMoves
from sightline.reporting.formatting import interval, label
from sightline.reporting.sections.blocks import Block, Heading, Table, Text

MASK: Final = "image_iou"
ABOUT: Final = (
    "Shifts go up, down, left and right, rotations both ways; what comes into view is the image mirrored at its edges. "
    "The worst case is the least right answer to each image, in the last row that to the image as it is, too. "
)
SAME: Final = {
    False: "Same answer: the share of answers that are the class of the image as it is.",
    True: "Same answer: mean IoU of the mask with that of the image as it is, moved alike, where both are in view.",
}
"""By whether it is a mask."""


def name_of(kind: str, size: int) -> str:
    """What a move is called: `Shift by 1 pixel`, `Rotation by 15°`."""
    return f"Rotation by {size}°" if kind == "rotation" else f"Shift by {size} pixel{'s' * (size > 1)}"


def move_blocks(found: Mapping[str, TargetUnderMoves]) -> Iterator[Block]:
    """A table for each target."""
    for target, one in found.items():
        yield Heading("Shifts and rotations" + (f": {target}" if len(found) > 1 else ""))
        yield move_table(one)
        yield Text(about_moves(one), soft=True)


def about_moves(found: TargetUnderMoves) -> str:
    """What is moved how, and what is counted."""
    return ABOUT + SAME[found["metric"] == MASK]


def move_table(found: TargetUnderMoves) -> Table:
    """One row a shift or rotation, all its ways together, and one for all of them."""
    metric = found["metric"]
    rows = [["none", interval(metric, found["clean"]), "", ""]]
    rows += [
        [name_of(one["corruption"], one["severity"]), *_cells(metric, one["metrics"])] for one in found["conditions"]
    ]
    rows.append(["all", *_cells(metric, found["all"])])
    return Table(["Moved", f"{label(metric)}, mean", "Worst case of each image", "Same answer"], rows)


def _cells(metric: str, metrics: Mapping[str, IntervalJson]) -> list[str]:
    return [interval(metric, metrics[name]) for name in (metric, "worst_case", "consistency")]
