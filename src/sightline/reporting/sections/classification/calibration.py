"""Whether the probabilities mean what they say, before and after the temperature."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sightline.metrics.documents.calibration import Calibration, CalibratorScores
from sightline.metrics.documents.evaluation import Calibrated, Evaluation
from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.formatting import interval, label, number, score_cells
from sightline.reporting.sections.blocks import Block, Heading, Table, Text
from sightline.reporting.sections.section import FigureKind, Section

HEADER: Final = ("Error", "Before", "By chance alone", "After", "By chance alone")
CALIBRATED_HEADER: Final = ("Error", "Calibrated", "By chance alone")
CALIBRATOR_HEADER: Final = ("Calibrator", "Score", "Value", "Above the temperature's")
CALIBRATOR_SCORES: Final = ("log_loss", "brier", "ece_debiased", "accuracy")
NAMES: Final = {"temperature": "temperature", "vector": "vector scaling", "isotonic": "isotonic regression"}


def calibration_table(calibration: Calibration) -> Table:
    """One row an error before and after, each beside what a perfectly calibrated model of this size would show."""
    before, after, null = calibration["before"], calibration["after"], calibration.get("null")
    by_chance = [null["before"], null["after"]] if null else [{}, {}]
    rows = [
        [
            label(name),
            interval(name, before[name]),
            number(name, by_chance[0].get(name)),
            interval(name, after.get(name)),
            number(name, by_chance[1].get(name)),
        ]
        for name in before
    ]
    return Table(HEADER, rows)


def calibrated_table(calibrated: Calibrated) -> Table:
    """One row an error at the fitted temperature, beside what a perfectly calibrated model of this size would show."""
    rows = [
        [label(name), interval(name, entry), number(name, calibrated["null"].get(name))]
        for name, entry in calibrated["metrics"].items()
    ]
    return Table(CALIBRATED_HEADER, rows)


def calibrator_table(calibrators: Sequence[CalibratorScores]) -> Table:
    """One row a calibrator and score: its value, and the difference from the temperature's."""
    rows = []
    for entry in calibrators:
        name, over = NAMES[entry["name"]], entry.get("over_temperature", {})
        rows += [[name, *score_cells(score, entry["metrics"], over)] for score in CALIBRATOR_SCORES]
        if entry["changed"]:
            rows.append([name, "Answers changed", number("accuracy", entry["changed"]), ""])
    return Table(CALIBRATOR_HEADER, rows)


def judged_on(calibration: Calibration, evaluation: Evaluation | None) -> str:
    """On which images temperature, sets and thresholds were measured."""
    if evaluation and "calibrated" in evaluation:
        return f"{evaluation['n']:,} images of the {evaluation['split']} split"
    return f"{calibration.get('judged_on', 0):,} images of the validation split, which chose the epoch"


def blocks(contents: Contents) -> Iterator[Block]:
    """The errors, and whether another calibrator would do better."""
    if not (calibration := contents.read(CALIBRATION)):
        return
    fitted = f"fitted on half of the {calibration['n']:,} images of the {calibration['split']} split; "
    yield Text(
        "When the model says 90 %, is it right nine times in ten? Its logits are divided by one number, the "
        f"temperature {calibration['temperature']:.3f}, {fitted}the figures after calibration judge each half at the "
        "temperature of the other, so no image is judged by one it helped to fit.",
        on="page",
    )
    yield Text(
        f"Temperature {calibration['temperature']:.4f}, {fitted}the errors after it judge each half at the "
        "temperature of the other. By chance alone: what a perfectly calibrated model of this size would show.",
        on="card",
    )
    yield replace(
        calibration_table(calibration),
        caption="By chance alone: what a perfectly calibrated model would show at this sample size, "
        f"with {calibration['bins']} bins.",
        lead="",
    )
    if calibrators := calibration.get("calibrators"):
        yield replace(
            calibrator_table(calibrators),
            caption="Would a calibrator with more freedom do better? Each half of the split is judged by what the "
            "other gives. Only the temperature is applied: it changes no answer.",
            on="page",
        )


def on_the_split(contents: Contents) -> Iterator[Block]:
    """The errors at the same temperature on the split that was measured."""
    calibration, evaluation = contents.read(CALIBRATION), contents.read(EVALUATION)
    if calibration and evaluation and (calibrated := evaluation.get("calibrated")):
        yield Heading(f"On the {evaluation['split']} split")
        caption = f"The same temperature on {judged_on(calibration, evaluation)}."
        yield replace(calibrated_table(calibrated), caption=caption)


SECTION: Final = Section(
    blocks=blocks,
    card="Calibration",
    sources=(CALIBRATION.name,),
    missing="calibration",
    task="classification",
    figures=(
        FigureKind(
            "reliability",
            "Reliability",
            "The share of right answers at each confidence. Below the dashed line the model claims more than it keeps.",
        ),
        FigureKind(
            "risk_coverage",
            "Risk and coverage",
            "How often answers are wrong when only the surest are given; the band holds at each point by itself.",
        ),
        FigureKind("set_sizes", "Sizes of the sets", "How many classes the sets hold that promise over all images."),
    ),
)
ON_THE_SPLIT: Final = Section(blocks=on_the_split, sources=(CALIBRATION.name,), task="classification")
