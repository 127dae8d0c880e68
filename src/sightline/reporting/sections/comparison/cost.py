"""What the systems of a comparison cost."""

from collections.abc import Callable, Iterator
from typing import Final

from sightline.machine.text import significant
from sightline.metrics.documents.comparison import Comparison
from sightline.reporting.contents import Contents
from sightline.reporting.formatting import MISSING, duration, metric
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.comparison.systems import ranked
from sightline.reporting.sections.comparison.verdict import COMPARISON
from sightline.reporting.sections.section import Section

HEADER: Final = (
    "System",
    "Parameters",
    "Trained",
    "Operations",
    "Training",
    "To the same",
    "One image",
    "In batches",
)


def cost_table(found: Comparison) -> Table:
    """One row a system of which anything is known, the best first."""
    rows = [
        [
            entry["name"],
            _written(own.get("parameters"), _count),
            _written(own.get("trained_parameters"), _count),
            _written(own.get("flops"), lambda value: f"{significant(value / 1e9, 3)} G"),
            _written(own.get("training_seconds"), duration),
            _written(own.get("seconds_to_target"), duration),
            _written(own.get("latency_ms"), lambda value: f"{value:.1f} ms"),
            _written(own.get("images_per_second"), lambda value: f"{value:,.0f}/s"),
        ]
        for entry, own in ranked(found)
        if own.get("training_seconds") is not None
    ]
    return Table(HEADER, rows)


def _written(value: float | None, write: Callable[[float], str]) -> str:
    return MISSING if value is None else write(value)


def _count(value: float) -> str:
    return f"{value / 1e6:.2f} M" if value >= 1e5 else f"{value:,.0f}"


def blocks(contents: Contents) -> Iterator[Block]:
    """The table, and what its columns are."""
    if not (found := contents.read(COMPARISON)):
        return
    table, target = cost_table(found), found.get("target_val_accuracy")
    if not table.rows:
        return
    of_masks = metric(found["metric"]).task == "segmentation"
    reached = "of the validation images were right" if not of_masks else "were reached on the validation images"
    until = f", and until {100 * target:.1f} % {reached}, which all reach at their best" if target is not None else ""
    yield Text(
        "Parameters, and how many of them train in the last epoch; operations of one image; time of training, mean of "
        f"the runs{until}; time of one image alone, and images a second in batches, as measured when each run was "
        "evaluated.",
        soft=True,
    )
    yield table


SECTION: Final = Section(title="What they cost", blocks=blocks)
