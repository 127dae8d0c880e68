"""What can be promised of answers: sets that hold the truth, and thresholds from which answers are right enough."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.calibration import ConformalSets, SelectiveThreshold
from sightline.metrics.documents.evaluation import Evaluation, MeasuredThreshold
from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.formatting import MISSING, interval, number
from sightline.reporting.sections.blocks import Block, Table, Text
from sightline.reporting.sections.classification.calibration import judged_on
from sightline.reporting.sections.section import Section

SET_HEADER: Final = ("Method", "Promise", "Holds", "Coverage", "Mean size", "One class", "Empty")
SELECTIVE_HEADER: Final = ("At most wrong", "Bound", "Confidence from", "Answered", "Wrong among them")


def set_table(entries: Sequence[ConformalSets]) -> Table:
    """One row a kind of set that was measured."""
    return Table(SET_HEADER, [_set_row(entry) for entry in entries if "coverage" in entry])


def _set_row(entry: ConformalSets) -> list[str]:
    return [
        entry["method"].upper(),
        number("accuracy", 1 - entry["alpha"]),
        "within each class" if entry["conditional"] == "class" else "over all images",
        interval("accuracy", entry["coverage"]),
        f"{entry['mean_size']:.2f}",
        number("accuracy", entry["single"]),
        number("accuracy", entry["empty"]),
    ]


def selective_table(entries: Sequence[SelectiveThreshold | MeasuredThreshold]) -> Table:
    """One row a target; where none can be vouched for, no answer is given."""
    return Table(SELECTIVE_HEADER, [_selective_row(entry) for entry in entries])


def _selective_row(entry: SelectiveThreshold | MeasuredThreshold) -> list[str]:
    risk = entry["risk"]
    return [
        f"{100 * entry['target_risk']:g} %",
        number("ece", entry["risk_bound"]),
        MISSING if entry["threshold"] is None else f"{entry['threshold']:.4f}",
        number("accuracy", entry["coverage"]),
        interval("ece", risk) if isinstance(risk, Mapping) else number("ece", risk),
    ]


def sets(contents: Contents) -> Iterator[Block]:
    """Conformal sets; the card has those of the split that was measured."""
    if not (calibration := contents.read(CALIBRATION)):
        return
    evaluation = contents.read(EVALUATION)
    calibrated = evaluation.get("calibrated") if evaluation else None
    table = set_table((calibrated or calibration).get("conformal", []))
    if table.rows:
        yield Text(
            "Instead of one class, a set of classes that misses the truth no more often than promised: over all "
            "images, or within each class. The bounds come from the other half of the split, "
            f"{calibration['n_promises']:,} images that the temperature has not seen. "
            "The promise holds for images like these; where they change, it is void.",
            on="page",
        )
        yield replace(
            table,
            caption=f"Measured on {judged_on(calibration, evaluation)}.",
            lead=f"Conformal sets on the {evaluation['split']} split:" if evaluation else "",
            sources=[f"evaluation.json: calibrated.conformal[{place}]" for place in range(len(table.rows))],
            on=None if calibrated else "page",
        )


def selective(contents: Contents) -> Iterator[Block]:
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


SETS: Final = Section(
    title="Sets that hold the truth",
    blocks=sets,
    card="Calibration",
    sources=(CALIBRATION.name,),
    task="classification",
)
SELECTIVE: Final = Section(
    title="Answering only when sure", blocks=selective, sources=(CALIBRATION.name,), task="classification"
)
