"""Class by class, and which is taken for which."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sightline.metrics.catalogue import of_class
from sightline.metrics.documents.evaluation import ClassScores, Evaluation
from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.formatting import interval, number
from sightline.reporting.sections.blocks import Block, Heading, Table
from sightline.reporting.sections.section import FigureKind, Section

HEADER: Final = ("Class", "Images", "Precision", "Recall", "F1", "ROC AUC")
CONFUSED_HEADER: Final = ("Truth", "Taken for", "Images", "Share of the true class")
MOST_OPEN: Final = 20
"""Classes that the page shows without being asked."""
MOST_CONFUSED: Final = 8


def class_table(entries: Sequence[ClassScores]) -> Table:
    """One row a class, the weakest F1 first; those without an image last."""
    return Table(HEADER, [_row(entry) for entry in weakest_first(entries)])


def _row(entry: ClassScores) -> list[str]:
    known = entry if entry["support"] else None
    return [
        str(entry["class"]),
        f"{entry['support']:,}",
        interval(of_class("precision").name, entry["precision"]),
        interval(of_class("recall").name, known and known["recall"]),
        interval(of_class("f1").name, known and known["f1"]),
        _area(entry),
    ]


def _area(entry: ClassScores) -> str:
    """The area under the ROC curve; files of earlier versions give no limits."""
    name = of_class("roc_auc").name
    limits = entry.get("roc_auc_limits")
    return number(name, entry.get("roc_auc")) if limits is None else interval(name, limits)


def f1_value(entry: ClassScores) -> float | None:
    """The F1 of a class; None where it has no image, of which files of earlier versions say 0."""
    return entry["f1"]["value"] if entry["support"] else None


def weakest_first(entries: Sequence[ClassScores]) -> list[ClassScores]:
    """Classes by F1; those without one last."""
    return sorted(entries, key=lambda entry: 2.0 if (value := f1_value(entry)) is None else value)


@dataclass(frozen=True)
class Confused:
    """A class taken for another: how often, and out of how many."""

    truth: str
    predicted: str
    count: int
    support: int


def most_confused(evaluation: Evaluation, most: int = MOST_CONFUSED) -> list[Confused]:
    """The pairs of classes that are confused most often, by number of images."""
    names = evaluation["class_names"]
    pairs = [
        Confused(names[i], names[j], count, sum(row))
        for i, row in enumerate(evaluation["confusion"])
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(pairs, key=lambda pair: -pair.count)[:most]


def confused_table(evaluation: Evaluation, most: int = MOST_CONFUSED) -> Table:
    """The most frequent confusions, one a row."""
    rows = [
        [pair.truth, pair.predicted, f"{pair.count:,}", number("accuracy", pair.count / pair.support)]
        for pair in most_confused(evaluation, most)
    ]
    return Table(CONFUSED_HEADER, rows)


def blocks(contents: Contents) -> Iterator[Block]:
    """Both tables."""
    if not (evaluation := contents.read(EVALUATION)):
        return
    count = len(evaluation["per_class"])
    folded = f"All {count} classes, weakest first" if count > MOST_OPEN else ""
    yield replace(
        class_table(evaluation["per_class"]),
        caption="" if folded else "Weakest first.",
        lead="Class by class, weakest first:",
        folded=folded,
    )
    confused = confused_table(evaluation)
    if confused.rows:
        yield Heading("What is taken for what", on="page")
        yield replace(confused, lead="Most frequent confusions:")


SECTION: Final = Section(
    title="Class by class",
    blocks=blocks,
    card="Results",
    sources=(EVALUATION.name,),
    task="classification",
    figures=(
        FigureKind("confusion", "Confusion matrix", "Rows are true classes, columns answers; the diagonal is right."),
        FigureKind("per_class", "F1 of each class", "With its interval, weakest on top."),
        FigureKind("roc", "ROC curves", "One class against the rest: the further up and left, the better."),
        FigureKind(
            "precision_recall",
            "Precision and recall",
            "One class against the rest: the further up and right, the better.",
        ),
        FigureKind("confidence", "Confidence", "How sure the model is where it is right, and where it is wrong."),
        FigureKind(
            "embedding", "Map of embeddings", "Images the model finds alike lie near each other; axes have no unit."
        ),
    ),
)
