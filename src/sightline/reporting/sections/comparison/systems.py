"""The systems of a comparison: how good they are, and the runs behind them."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.comparison import ComparedSystem, Comparison, Rank
from sightline.reporting.contents import Contents
from sightline.reporting.formatting import MISSING, interval, metric, number
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.comparison.verdict import COMPARISON
from sightline.reporting.sections.section import Section

HEADER: Final = ("System", "Rank", "Value", "Seeds", "Seed to seed")


def ranked(found: Comparison) -> list[tuple[Rank, ComparedSystem]]:
    """Each entry of the ranking with what is known of its system, the best first."""
    own = {row["name"]: row for row in found["systems"]}
    return [(entry, own[entry["name"]]) for entry in found["ranking"]]


def system_table(found: Comparison) -> Table:
    """One row a system, the best first."""
    rows = []
    for entry, own in ranked(found):
        rank = f"{entry['rank']}" + (" (tied)" if entry["tied_with"] else "")
        spread = _spread(found["metric"], own)
        rows.append([entry["name"], rank, interval(found["metric"], own), f"{own['seeds']}", spread])
    return Table(HEADER, rows)


def _spread(name: str, own: ComparedSystem) -> str:
    """A standard deviation in the metric's own unit, with its limits: `±0.42 [0.00, 1.60]`."""
    scale, digits = (100, 2) if metric(name).percent else (1, 4)
    value, *ends = (own["training_sd"], own.get("training_sd_low"), own.get("training_sd_high"))
    if value is None:
        return MISSING
    limits = ", ".join(f"{scale * end:.{digits}f}" for end in ends if end is not None)
    return f"±{scale * value:.{digits}f}" + (f" [{limits}]" if limits else "")


def run_table(found: Comparison) -> Table:
    """Every run behind the numbers, with its own value."""
    rows = [
        [row["name"], number(found["metric"], value), source]
        for row in found["systems"]
        for value, source in zip(row["values"], row["runs"], strict=True)
    ]
    return Table(("System", "Value", "Run"), rows)


def blocks(contents: Contents) -> Iterator[Block]:
    """The table, and what was noted."""
    if found := contents.read(COMPARISON):
        yield Text(
            f"On {found['n']:,} images of the {found.get('split')} split, the same for all. Systems share a rank where "
            "they cannot be told apart. Seed to seed: the standard deviation that training with another seed adds, "
            "with its limits; few seeds say little of it.",
            soft=True,
        )
        yield system_table(found)
        for note in found["notes"]:
            yield Text(note, soft=True)


def runs(contents: Contents) -> Iterator[Block]:
    """The runs."""
    if found := contents.read(COMPARISON):
        yield run_table(found)


SECTION: Final = Section(blocks=blocks)
RUNS: Final = Section(blocks=runs)
