"""How far new images were from those of the run, when somebody asked last."""

from collections.abc import Iterator
from typing import Final

from sightline.metrics.documents.drift import ClassShare, Drift, DriftRow
from sightline.metrics.drift.measure import LEAST
from sightline.metrics.drift.words import headline, p_words
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import quotient
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.section import FigureKind, Section

DRIFT: Final = JsonFile[Drift]("drift.json")


def drift_table(found: Drift) -> Table:
    """A row for each statistic, what matters first."""
    header = ["statistic", "run", "new", "distance", "p, corrected", ""]
    return Table(header, [_cells(row, found["permutations"]) for row in found["statistics"]])


def _cells(row: DriftRow, permutations: int) -> list[str]:
    numbers = [f"{row[key]:.3g}" if key in row else "" for key in ("reference", "new")]
    p = "< " * (row["p"] <= 1 / (permutations + 1)) + f"{max(row['p'], 0.001):.3f}"
    return [row["name"], *numbers, f"{row['distance']:.2f}", p, row["words"] if row["drifted"] else ""]


def blocks(contents: Contents) -> Iterator[Block]:
    """What was found, in words, by statistic and by class; of other weights, that it is left out."""
    if reason := contents.staleness(DRIFT):
        yield Text(f"Left out: {DRIFT.name} {reason}. Mode `drift` makes it anew.")
        return
    if not (found := contents.read(DRIFT)):
        return
    yield Text(_verdict(found))
    if found["statistics"]:
        caption = (
            f"{found['n']:,} new images against {found['reference']}. Distance: the share of images that would have to "
            "change, at the least, to make both alike. p: corrected for the number of statistics."
        )
        table = drift_table(found)
        yield Table(table.header, table.rows, caption=caption)
    if found["classes"]:
        header = ("Class predicted", "run %", "new %", "new over run")
        rows = [_share(one) for one in sorted(found["classes"], key=lambda one: -abs(one["new"] - one["reference"]))]
        yield Table(header, rows, on="page", folded="Every class: how often it is predicted")
    for note in found["notes"]:
        yield Text(note, soft=True)


def _verdict(found: Drift) -> str:
    if found["outcome"] == "unjudged":
        return f"{min(found['n'], found['n_reference']):,} images are too few to judge by; it takes {LEAST}."
    if line := headline(found):
        return f"{line[:1].upper()}{line[1:]}. What this report says of the model may not hold for them."
    return (
        f"No difference that matters was found in {found['n']:,} new images (p = {p_words(found)}). That is no proof."
    )


def _share(one: ClassShare) -> list[str]:
    return [one["name"], f"{100 * one['reference']:.1f}", f"{100 * one['new']:.1f}", quotient(one["ratio"])]


SECTION: Final = Section(
    blocks=blocks,
    sources=(DRIFT.name,),
    own=True,
    figures=(
        FigureKind("drift", "What drifted", "Held-out images of the run and the new ones, each with its distribution."),
        FigureKind("drift_examples", "Examples of it", "New images from a typical one to one of the most unlike."),
    ),
)
