"""What the checks of the data found before training."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.validation import Found, Spread, Validation
from sightline.reporting.contents import Contents
from sightline.reporting.files import VALIDATION
from sightline.reporting.formatting import MISSING
from sightline.reporting.sections.blocks import Block, Cell, Facts, Table
from sightline.reporting.sections.section import Section

OUTCOMES: Final = {"pass": "passed", "warn": "warning", "drop": "dropped", "refuse": "refused"}  # nosec B105 - outcomes of a check
MOST: Final = 3
"""Examples that a message may name by itself."""


def data_facts(validation: Validation) -> Facts:
    """Number of images, sizes, colour modes."""
    sizes = "; ".join(f"{side} {_spread(value)}" for side, value in validation.get("sizes", {}).items())
    modes = ", ".join(f"{mode} {count:,}" for mode, count in validation.get("modes", {}).items())
    images = f"{validation['n']:,}" + (f" of {len(validation['classes'])} classes" if validation["classes"] else "")
    return Facts([("Images", images), ("Sizes", sizes or MISSING), ("Colour modes", modes or MISSING)])


def _spread(value: Spread) -> str:
    """`32` where all are equal, else `24 to 400, median 64`."""
    if value["min"] == value["max"]:
        return str(value["min"])
    return f"{value['min']} to {value['max']}, median {value['median']}"


def findings_table(validation: Validation) -> Table:
    """One row a check."""
    return Table(("Check", "Outcome", "Items", "What was found"), [_row(finding) for finding in validation["findings"]])


def _row(finding: Found) -> list[str | Cell]:
    outcome, examples = finding["outcome"], finding["examples"]
    return [
        finding["check"].replace("_", " "),
        Cell(OUTCOMES.get(outcome, outcome), outcome=outcome),
        f"{finding['count']:,}",
        Cell(finding["message"], examples=", ".join(examples) if len(examples) > MOST else ""),
    ]


def blocks(contents: Contents) -> Iterator[Block]:
    """Facts about the images, and the checks."""
    if validation := contents.read(VALIDATION):
        yield data_facts(validation)
        yield findings_table(validation)


SECTION: Final = Section(
    title="Checks before training",
    blocks=blocks,
    card="Data checks",
    sources=(VALIDATION.name,),
    missing="data check",
    own=True,
)
