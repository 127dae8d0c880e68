"""The metrics of the evaluation, whatever the task: plain, and with test-time views."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.interval import IntervalJson
from sightline.reporting.contents import Contents
from sightline.reporting.files import EVALUATION
from sightline.reporting.formatting import MISSING, bounds, label, level, metric, number
from sightline.reporting.sections.blocks import Alert, Block, Code, Table, Text
from sightline.reporting.sections.section import Section

HEADER: Final = ("Metric", "Value", "Interval", "Level", "Method")


def metric_table(metrics: Mapping[str, IntervalJson]) -> Table:
    """One row a metric, in the order of the file."""
    return Table(HEADER, [_row(name, entry) for name, entry in metrics.items()])


def _row(name: str, entry: IntervalJson) -> list[str]:
    ends = bounds(name, entry) or MISSING
    return [label(name), number(name, entry["value"]), ends, level(entry), entry.get("method") or ""]


def blocks(contents: Contents) -> Iterator[Block]:
    """The metrics of the split that was measured."""
    if not (evaluation := contents.read(EVALUATION)):
        return
    metrics, uses = evaluation["metrics"], contents.test_uses
    if uses.looks > 1 and evaluation["split"] == "test":
        yield Alert(f"The test labels have been used {uses.looks} times; see the ledger below.", on="page")
    yield replace(
        metric_table(metrics),
        caption=f"On {evaluation['n']:,} images of the {evaluation['split']} split.",
        meanings=[metric(name).meaning for name in metrics],
        sources=[f"evaluation.json: metrics.{name}" for name in metrics],
    )
    for note in evaluation["notes"]:
        yield Text(note, soft=True)


def with_tta(contents: Contents) -> Iterator[Block]:
    """The same metrics of logits that are averaged over views of each image."""
    if (evaluation := contents.read(EVALUATION)) and (tta := evaluation.get("tta")):
        yield replace(
            metric_table(tta["metrics"]),
            caption=f"The same images, the logits averaged over views: {tta['views'].replace('_', ' and ')}. "
            "Everything else on this page is without.",
            lead=("The logits averaged over test-time views (", Code(tta["views"]), "):"),
            sources=[f"evaluation.json: tta.metrics.{name}" for name in tta["metrics"]],
        )


SECTION: Final = Section(
    blocks=blocks,
    card="Results",
    sources=(EVALUATION.name,),
    missing="evaluation",
    by_target=True,
    headed=True,
)
TTA: Final = Section(
    title="With test-time views", blocks=with_tta, card="Results", sources=(EVALUATION.name,), by_target=True
)
