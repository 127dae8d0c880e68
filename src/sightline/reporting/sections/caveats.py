"""What to beware of, whatever the task: uses of the test labels, the split, the data, the code."""

from collections.abc import Iterator, Mapping
from typing import Final

from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION, PROVENANCE, VALIDATION
from sightline.reporting.formatting import quoted
from sightline.reporting.sections.blocks import Alert, Block, Bullets, Tile, Tiles
from sightline.reporting.sections.section import Section
from sightline.run.ledger import LabelUses

EXAMPLES: Final = 3
"""Words that are quoted."""


def uses_tile(uses: LabelUses) -> Tile:
    """How often the test labels were used; measuring the same answers again does not count."""
    looks = uses.looks
    remark = "as it should be" if looks == 1 else "not in the ledger" if looks == 0 else "these numbers may flatter"
    if uses.again:
        remark += f"; the same answers measured again: {uses.again}"
    return Tile("Test labels used", "once" if looks == 1 else f"{looks} times", "", remark, beware=looks != 1)


def warnings(contents: Contents) -> list[str]:
    """What makes the numbers less than they seem."""
    evaluation, found = contents.read(EVALUATION), []
    if (looks := contents.test_uses.looks) > 1:
        found.append(
            f"The test labels have been used {looks} times. Whatever was changed after the first look was "
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
    return [*found, *_romanised(contents.romanised)]


def _romanised(words: Mapping[str, str]) -> list[str]:
    """What figures write otherwise than the page, for want of a font."""
    if not words:
        return []
    examples = ", ".join(f"{quoted(word)} as “{written}”" for word, written in list(words.items())[:EXAMPLES])
    left = len(words) - EXAMPLES
    more = f" and {left:,} word{'s' if left > 1 else ''} more" if left > 0 else ""
    written = f"Figures write {examples}{more}: the machine that drew them had no font for it."
    return [f"{written} With one, such as Noto Sans CJK, mode evaluate and mode explain draw the names as they are."]


def uses(contents: Contents) -> Iterator[Block]:
    """How often the test labels were used, once for all targets; of one target it is among its numbers."""
    evaluation = contents.read(EVALUATION)
    if len(contents.by_target) > 1 and evaluation and evaluation["split"] == "test":
        yield Tiles([uses_tile(contents.test_uses)], on="page")


def alerts(contents: Contents) -> Iterator[Block]:
    """The warnings, for the page and the card."""
    yield from map(Alert, warnings(contents))


def in_mind(contents: Contents) -> Iterator[Block]:
    """The remarks."""
    if found := remarks(contents):
        yield Bullets(found, lead="To bear in mind:", on="page")


USES: Final = Section(blocks=uses)
WARNINGS: Final = Section(blocks=alerts)
REMARKS: Final = Section(blocks=in_mind)
