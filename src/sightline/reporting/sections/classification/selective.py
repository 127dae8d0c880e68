"""Selective prediction: answering only where the model is sure enough."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.calibration import Calibration, SelectiveThreshold
from sightline.metrics.documents.evaluation import Evaluation, MeasuredThreshold
from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.formatting import MISSING, interval, number
from sightline.reporting.sections.blocks import Block, Bullets, Table, Text
from sightline.reporting.sections.classification.calibration import fresh, judged_on
from sightline.reporting.sections.section import Section

HEADER: Final = ("At most wrong", "Bound", "Confidence from", "Answered", "Wrong among them")


def selective_table(entries: Sequence[SelectiveThreshold | MeasuredThreshold], classes: int | None = None) -> Table:
    """One row a target; where none can be vouched for, no answer is given, and below 1 / classes each is."""
    return Table(HEADER, [_row(entry, 1 / classes if classes else 0) for entry in entries])


def _row(entry: SelectiveThreshold | MeasuredThreshold, least: float) -> list[str]:
    risk, threshold = entry["risk"], entry["threshold"]
    return [
        f"{100 * entry['target_risk']:g} %",
        number("ece", entry["risk_bound"]),
        MISSING if threshold is None else "any" if threshold <= least else f"{threshold:.4f}",
        interval("accuracy", entry.get("answered")) if "answered" in entry else number("accuracy", entry["coverage"]),
        interval("ece", risk) if isinstance(risk, Mapping) else number("ece", risk),
    ]


def blocks(contents: Contents) -> Iterator[Block]:
    """Thresholds of confidence, and what they are worth over all shares answered."""
    if not (calibration := contents.read(CALIBRATION)):
        return
    evaluation = contents.read(EVALUATION)
    measured = fresh(evaluation)
    fitted = calibration.get("selective", [])
    entries = measured["calibrated"]["selective"] if measured else fitted
    if entries:
        yield Text(
            "From a confidence on, answers are wrong less often than asked, but for a chance of "
            f"{100 * entries[0]['error']:g} % a line. Where nothing can be vouched for, no answer is given."
        )
        table = selective_table(entries, len(evaluation["class_names"]) if evaluation else None)
        yield replace(table, caption=f"Answers counted on {_counted_on(calibration, measured)}.")
    if reasons := [f"{100 * entry['target_risk']:g} %: {entry['reason']}." for entry in fitted if entry.get("reason")]:
        yield Bullets(reasons)
    yield from _area(evaluation)


def _counted_on(calibration: Calibration, measured: Evaluation | None) -> str:
    if measured:
        return judged_on(calibration, measured)
    groups = calibration.get("n_groups")
    of_groups = "" if groups is None else f" in {groups:,} groups"
    return f"{calibration['n_promises']:,} images{of_groups} of the calibration split, which gave the bounds"


def _area(evaluation: Evaluation | None) -> Iterator[Block]:
    if evaluation and (curve := evaluation.get("risk_coverage")):
        yield Text(
            f"Over all shares of images answered, the surest first, {interval('aurc', curve['aurc'])} of the answers "
            "are wrong on average (AURC)."
        )


SECTION: Final = Section(
    title="Answering only when sure", blocks=blocks, sources=(CALIBRATION.name,), task="classification"
)
