"""What to beware of, whatever the task: uses of the test labels, the split, the data, the code."""

from collections.abc import Iterator
from typing import Final

from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION, PROVENANCE, VALIDATION
from sightline.reporting.sections.blocks import Alert, Block, Bullets, Tile
from sightline.reporting.sections.section import Section


def uses_tile(uses: int) -> Tile:
    """How often the test labels were used."""
    remark = "as it should be" if uses == 1 else "not in the ledger" if uses == 0 else "these numbers may flatter"
    return Tile("Test labels used", "once" if uses == 1 else f"{uses} times", "", remark, beware=uses != 1)


def warnings(contents: Contents) -> list[str]:
    """What makes the numbers less than they seem."""
    evaluation, found = contents.read(EVALUATION), []
    if contents.test_uses > 1:
        found.append(
            f"The test labels have been used {contents.test_uses} times. Whatever was changed after the first look was "
            "chosen with their help, so the numbers here may be better than the model is."
        )
    if evaluation and evaluation["split"] != "test":
        found.append(f"Measured on the {evaluation['split']} split, not on a test split kept for the end.")
    return found


def remarks(contents: Contents) -> list[str]:
    """What the data checks found, and what stands in the way of a repetition."""
    validation, provenance = contents.read(VALIDATION), contents.read(PROVENANCE)
    found = [
        f"Data check “{finding['check'].replace('_', ' ')}”: {finding['message'].rstrip('.')}."
        for finding in (validation["findings"] if validation else ())
        if finding["outcome"] in {"warn", "refuse"}
    ]
    if provenance and (git := provenance.get("git")) and git["dirty"]:
        found.append("The code had changes that were not committed: the commit alone does not reproduce this run.")
    return found


def alerts(contents: Contents) -> Iterator[Block]:
    """The warnings, for the page and the card."""
    yield from map(Alert, warnings(contents))


def in_mind(contents: Contents) -> Iterator[Block]:
    """The remarks."""
    if found := remarks(contents):
        yield Bullets(found, lead="To bear in mind:", on="page")


WARNINGS: Final = Section(blocks=alerts)
REMARKS: Final = Section(blocks=in_mind)
