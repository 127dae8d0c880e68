"""Who is in which split, and what each is for."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import MISSING, number
from sightline.reporting.sections.blocks import Block, Table
from sightline.reporting.sections.section import Section
from sightline.run.records import SplitFile

SPLIT: Final = JsonFile[SplitFile]("split.json")
HEADER: Final = ("Split", "Images", "Share", "Smallest class", "Largest class", "Used for")
USED_FOR: Final = {
    "train": "fitting the weights",
    "val": "choosing the epoch",
    "calibration": "fitting the temperature",
    "test": "the final numbers, and nothing else",
}


def split_table(split: SplitFile) -> Table:
    """One row a split: images, share, smallest and largest class if there are classes, what it is for."""
    total = max(1, sum(split["counts"].values()))
    rows = []
    for role, count in split["counts"].items():
        of_class = Counter(split["items"][role].get("labels", ()))
        sizes = [of_class[label] for label in range(len(split.get("class_names", ())))]
        ends = [f"{min(sizes):,}", f"{max(sizes):,}"] if sizes else [MISSING, MISSING]
        rows.append([role, f"{count:,}", number("accuracy", count / total), *ends, USED_FOR.get(role, "")])
    kept = [place for place in range(len(HEADER)) if any(row[place] != MISSING for row in rows)]
    return Table(tuple(HEADER[place] for place in kept), [[row[place] for place in kept] for row in rows])


def blocks(contents: Contents) -> Iterator[Block]:
    """The table."""
    if split := contents.read(SPLIT):
        yield split_table(split)


SECTION: Final = Section(blocks=blocks, card="Data", sources=(SPLIT.name,), missing="split", own=True)
