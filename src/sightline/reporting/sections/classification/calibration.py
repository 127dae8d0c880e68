"""Whether the probabilities mean what they say, before and after the temperature."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sightline.machine.text import significant
from sightline.metrics.documents.calibration import Calibration, CalibratorScores
from sightline.metrics.documents.evaluation import Calibrated, Evaluation
from sightline.metrics.documents.interval import IntervalJson
from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.formatting import MISSING, interval, label, level, number, score_cells, signed
from sightline.reporting.sections.blocks import Block, Heading, Table, Text
from sightline.reporting.sections.section import FigureKind, Section

HEADER: Final = ("Error", "Before", "By chance alone", "After", "By chance alone")
CALIBRATED_HEADER: Final = ("Error", "Calibrated", "By chance alone")
"""Of evaluations that were measured before temperature 1 stood beside it."""
CALIBRATOR_HEADER: Final = ("Calibrator", "Score", "Value", "Above the temperature's")
CALIBRATOR_SCORES: Final = ("log_loss", "brier", "ece_debiased", "accuracy")
NAMES: Final = {"temperature": "temperature", "vector": "vector scaling", "isotonic": "isotonic regression"}


def calibration_table(calibration: Calibration) -> Table:
    """One row an error before and after, each beside what a perfectly calibrated model of this size would show."""
    null = calibration.get("null")
    by_chance = (null["before"], null["after"]) if null else ({}, {})
    return _before_and_after(calibration["before"], calibration["after"], *by_chance)


def _before_and_after(
    before: Mapping[str, IntervalJson],
    after: Mapping[str, IntervalJson],
    null_before: Mapping[str, float],
    null_after: Mapping[str, float],
) -> Table:
    rows = [
        [
            label(name),
            interval(name, entry),
            number(name, null_before.get(name)),
            interval(name, after.get(name)),
            number(name, null_after.get(name)),
        ]
        for name, entry in before.items()
    ]
    return Table(HEADER, rows)


def calibrated_table(calibrated: Calibrated) -> Table:
    """One row an error before and at the temperature, each beside what a perfectly calibrated model would show."""
    metrics, null = calibrated["metrics"], calibrated["null"]
    if before := calibrated.get("before"):
        return _before_and_after(before, metrics, calibrated.get("null_before", {}), null)
    rows = [[label(name), interval(name, entry), number(name, null.get(name))] for name, entry in metrics.items()]
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
    """On which images sets were measured."""
    if measured := fresh(evaluation):
        return f"{measured['n']:,} images of the {measured['split']} split"
    return f"{calibration.get('judged_on', 0):,} images of the validation split, which chose the epoch"


def fresh(evaluation: Evaluation | None) -> Evaluation | None:
    """The evaluation, if sets and thresholds were measured there, on items that fitted none of them."""
    measured = evaluation.get("calibrated") if evaluation else None
    return None if measured is None or measured.get("cross_fitted") else evaluation


def temperature_limits(calibration: Calibration) -> str:
    """` (likeliest 1.95, 95 % interval 1.81 to 2.09)`; empty for files that do not hold them."""
    if not (fit := calibration.get("temperature_fit")):
        return ""
    low, high = (MISSING if end is None else significant(end, 3) for end in (fit["low"], fit["high"]))
    return f" (likeliest {significant(fit['likeliest'], 3)}, {level(fit)} interval {low} to {high})"


def _fitted_on(calibration: Calibration) -> str:
    """How many images of which split."""
    fit = calibration.get("temperature_fit")
    half = f"{fit['n']:,} of" if fit else "half of"
    groups = f", {fit['n_groups']:,} groups" if fit and fit["n_groups"] is not None else ""
    return f"fitted on {half} the {calibration['n']:,} images of the {calibration['split']} split{groups}; "


def blocks(contents: Contents) -> Iterator[Block]:
    """The errors, and whether another calibrator would do better."""
    if not (calibration := contents.read(CALIBRATION)):
        return
    fitted, limits = _fitted_on(calibration), temperature_limits(calibration)
    yield Text(
        "When the model says 90 %, is it right nine times in ten? Its logits are divided by one number, the "
        f"temperature {calibration['temperature']:.3f}{limits}, {fitted}the figures after calibration judge each half "
        "at the temperature of the other, so no image is judged by one it helped to fit.",
        on="page",
    )
    yield Text(
        f"Temperature {calibration['temperature']:.4f}{limits}, {fitted}the errors after it judge each half at the "
        "temperature of the other. By chance alone: what a perfectly calibrated model of this size would show.",
        on="card",
    )
    if note := calibration.get("temperature_fit", {}).get("note"):
        yield Text(str(note))
    yield replace(
        calibration_table(calibration),
        caption=f"{calibration['n']:,} images of the {calibration['split']} split. By chance alone: what a perfectly "
        f"calibrated model would show at this sample size, with {calibration['bins']} bins.",
        lead="",
    )
    if gained := calibration.get("gain", {}).get("log_loss"):
        yield Text(f"Log loss after less before, on these images: {signed('log_loss', gained)}.")
    if calibrators := calibration.get("calibrators"):
        yield replace(
            calibrator_table(calibrators),
            caption="Would a calibrator with more freedom do better? Each half of the split is judged by what the "
            "other gives. Only the temperature is applied: it changes no answer.",
            on="page",
        )


def on_the_split(contents: Contents) -> Iterator[Block]:
    """The errors at the same temperature on the split that was measured."""
    evaluation = contents.read(EVALUATION)
    if contents.read(CALIBRATION) and evaluation and (calibrated := evaluation.get("calibrated")):
        yield Heading(f"On the {evaluation['split']} split")
        where = f"{evaluation['n']:,} images of the {evaluation['split']} split"
        how = (
            f"{where}, which fitted the temperature: each half of them is judged at the temperature of the other."
            if calibrated.get("cross_fitted")
            else f"The same temperature on {where}."
        )
        yield replace(calibrated_table(calibrated), caption=how)


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
