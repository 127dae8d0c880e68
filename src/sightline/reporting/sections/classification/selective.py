"""Selective prediction: answering only where the model is sure enough."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.calibration import SelectiveThreshold
from sightline.metrics.documents.evaluation import Evaluation, MeasuredThreshold
from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.formatting import MISSING, interval, number
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.classification.calibration import judged_on
from sightline.reporting.sections.section import Section

HEADER: Final = ("At most wrong", "Bound", "Confidence from", "Answered", "Wrong among them")


def selective_table(entries: Sequence[SelectiveThreshold | MeasuredThreshold]) -> Table:
    """One row a target; where none can be vouched for, no answer is given."""
    return Table(HEADER, [_row(entry) for entry in entries])


def _row(entry: SelectiveThreshold | MeasuredThreshold) -> list[str]:
    risk = entry["risk"]
    return [
        f"{100 * entry['target_risk']:g} %",
        number("ece", entry["risk_bound"]),
        MISSING if entry["threshold"] is None else f"{entry['threshold']:.4f}",
        number("accuracy", entry["coverage"]),
        interval("ece", risk) if isinstance(risk, Mapping) else number("ece", risk),
    ]


def blocks(contents: Contents) -> Iterator[Block]:
    """Thresholds of confidence, and what they are worth over all shares answered."""
    if not (calibration := contents.read(CALIBRATION)):
        return
    evaluation = contents.read(EVALUATION)
    calibrated = evaluation.get("calibrated") if evaluation else None
    entries = calibrated["selective"] if calibrated else calibration.get("selective", [])
    if entries:
        yield Text(
            "From a confidence on, answers are wrong less often than asked, but for a chance of "
            f"{100 * calibration['selective'][0]['error']:g} % a line. Where nothing can be vouched for, "
            "no answer is given."
        )
        caption = f"Answers counted on {judged_on(calibration, evaluation)}."
        yield replace(selective_table(entries), caption=caption)
    yield from _area(evaluation)


def _area(evaluation: Evaluation | None) -> Iterator[Block]:
    if evaluation and (curve := evaluation.get("risk_coverage")):
        yield Text(
            f"Over all shares of images answered, the surest first, {interval('aurc', curve['aurc'])} of the answers "
            "are wrong on average (AURC)."
        )


SECTION: Final = Section(
    title="Answering only when sure", blocks=blocks, sources=(CALIBRATION.name,), task="classification"
)
