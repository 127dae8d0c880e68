"""Other methods to answer, and what each buys over one plain answer."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.uncertainty import MethodScores, Uncertainty
from sightline.reporting.contents import Contents, JsonFile
from sightline.reporting.formatting import interval, score_cells
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.section import Section

UNCERTAINTY: Final = JsonFile[Uncertainty]("uncertainty.json")
HEADER: Final = ("Way", "Score", "Value", "Above the plain one")
SCORES: Final = ("accuracy", "log_loss", "ece_debiased", "aurc")
MISTAKE_HEADER: Final = ("Way", "Sign of doubt", "AUROC", "Wrong ones passed at 95 % of the right ones")
METHODS: Final = {
    "plain": "one plain answer",
    "views": "views",
    "dropout": "dropout left on",
    "ensemble": "ensemble of runs",
}
SIGNS: Final = {
    "confidence": "low confidence",
    "entropy": "high entropy",
    "mutual_information": "members disagree",
}


def method_table(found: Uncertainty) -> Table:
    """One row a method and score: its value, and the difference from the plain answer's."""
    return Table(HEADER, [row for method in found["ways"] for row in _rows(method)])


def _rows(method: MethodScores) -> list[list[str]]:
    members = f", {method['members']} each" if method["members"] > 1 else ""
    name, over = METHODS[method["name"]] + members, method.get("over_plain", {})
    return [[name, *score_cells(score, method["metrics"], over)] for score in SCORES]


def mistake_table(found: Uncertainty) -> Table:
    """How well each method knows its mistakes."""
    rows = [
        [
            METHODS[method["name"]],
            SIGNS[sign],
            interval("roc_auc_ovr", one["auroc"]),
            interval("accuracy", one["fpr95"]),
        ]
        for method in found["ways"]
        for sign, one in method["mistakes"].items()
    ]
    return Table(MISTAKE_HEADER, rows)


def blocks(contents: Contents) -> Iterator[Block]:
    """Scores, and how well mistakes are known; of other weights, that they are left out."""
    if reason := contents.staleness(UNCERTAINTY):
        yield Text(f"Left out: {UNCERTAINTY.name} {reason}. Mode `uncertainty` makes it anew.")
        return
    if not (found := contents.read(UNCERTAINTY)):
        return
    yield Text(
        f"What each buys over one plain answer to an image, on {found['n']:,} images of the {found['split']} split, "
        "every way at a temperature of its own. A difference below zero is better, but for accuracy."
    )
    yield method_table(found)
    mistakes = mistake_table(found)
    if mistakes.rows:
        yield replace(mistakes, caption="How well each tells right answers from wrong ones; 0.5 is chance.")


SECTION: Final = Section(
    title="Other ways to answer", blocks=blocks, sources=(UNCERTAINTY.name,), task="classification"
)
