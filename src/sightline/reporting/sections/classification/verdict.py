"""The run in plain words: a headline, the numbers that matter, a few sentences."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sightline.metrics.catalogue import HEADLINES, METRICS, of_class
from sightline.metrics.documents.calibration import Calibration
from sightline.metrics.documents.evaluation import Evaluation
from sightline.metrics.documents.interval import IntervalJson
from sightline.reporting.contents import Contents
from sightline.reporting.files import CALIBRATION, EVALUATION
from sightline.reporting.formatting import bounds, level, number, quoted
from sightline.reporting.sections.blocks import Block, Bullets, Headline, Tile, Tiles
from sightline.reporting.sections.caveats import uses_tile
from sightline.reporting.sections.classification.classes import f1_value, most_confused, weakest_first
from sightline.reporting.sections.section import Section

HALVES: Final = ", each half at the temperature of the other"


def headline(evaluation: Evaluation | None, external: bool = False) -> str:
    """One sentence with the most important number; of another tool's model nobody here knows what it has seen."""
    if evaluation is None or "accuracy" not in evaluation["metrics"]:
        return "This run has not been evaluated yet."
    what = "the validation images" if evaluation["split"] == "val" else "these images" if external else "unseen images"
    accuracy = evaluation["metrics"]["accuracy"]
    ends = bounds("accuracy", accuracy, " to ")
    limits = f", {level(accuracy)} interval {ends} %" if ends else ""
    return f"The model names {number('accuracy', accuracy['value'])} of {what} correctly{limits}."


def sentences(evaluation: Evaluation | None, calibration: Calibration | None, external: bool = False) -> list[str]:
    """What else there is to say, in order of importance."""
    found = []
    if evaluation:
        found += [*_accuracy(evaluation, external), _baseline(evaluation), *_ends(evaluation), *_mistake(evaluation)]
    return [*found, *(_calibration(evaluation, calibration) if calibration else [])]


def _accuracy(evaluation: Evaluation, external: bool) -> list[str]:
    """The interval, and where it was measured."""
    if not (accuracy := evaluation["metrics"].get("accuracy")):
        return []
    ends = bounds("accuracy", accuracy, " to ")
    part = "chose the epoch" if evaluation["split"] == "val" else "played no part in training"
    if external:
        part = "another tool answered; whether they played a part in its training is not known here"
    where = f"Measured on {evaluation['n']:,} {evaluation['split']} image{'s' * (evaluation['n'] != 1)} that {part}"
    flatters = ", so it flatters" if evaluation["split"] == "val" else ""
    return [f"{where}{flatters}; the {level(accuracy)} interval runs from {ends} %."]


def _baseline(evaluation: Evaluation) -> str:
    """What the same answer to every image would be worth."""
    supports = [sum(row) for row in evaluation["confusion"]]
    commonest = max(range(len(supports)), key=supports.__getitem__)
    share = number("accuracy", supports[commonest] / max(1, sum(supports)))
    return f"Always answering {quoted(evaluation['class_names'][commonest])} would be right for {share} of them."


def _ends(evaluation: Evaluation) -> list[str]:
    """The weakest and the strongest class; of several alike one, and of how many."""
    ranked = [entry for entry in weakest_first(evaluation["per_class"]) if f1_value(entry) is not None]
    if len(ranked) < 2:
        return []
    values = [number(of_class("f1").name, entry["f1"]["value"]) for entry in ranked]
    if values[0] == values[-1]:
        return [f"No class is weaker than another: {'both' if len(values) == 2 else 'all'} have an F1 of {values[0]}."]
    weak, strong = (
        f"{quoted(ranked[at]['class'])} ({unit}{values[at]}{_alike(values.count(values[at]))})"
        for at, unit in ((0, "F1 "), (-1, ""))
    )
    return [f"It is weakest on {weak} and strongest on {strong}."]


def _alike(count: int) -> str:
    return "" if count == 1 else f", one of {count:,} such classes"


def _mistake(evaluation: Evaluation) -> list[str]:
    """The most frequent confusion; of several as frequent one, and of how many."""
    pairs = most_confused(evaluation, len(evaluation["class_names"]) ** 2)
    alike = sum(pair.count == pairs[0].count for pair in pairs)
    lead = "Its most frequent mistake" if alike == 1 else f"One of its {alike:,} most frequent mistakes"
    return [
        f"{lead}: {pair.count:,} of {pair.support:,} images of {quoted(pair.truth)} "
        f"{'is' if pair.count == 1 else 'are'} taken for {quoted(pair.predicted)}."
        for pair in pairs[:1]
    ]


def _calibration(evaluation: Evaluation | None, calibration: Calibration) -> list[str]:
    """What the stated probabilities are worth, before and after."""
    found = _few(calibration)
    shown = calibration_error(evaluation, calibration)
    if shown is None or (error := shown.after["value"]) is None:
        return found
    moved = shown.before if calibration["temperature"] != 1 else None
    before = f" ({number('ece', moved['value'])} before)" if moved else ""
    text = (
        f"After calibration its stated confidence is off by {number('ece', error)} on average, "
        f"{level(shown.after)} interval {bounds('ece', shown.after, ' to ')} %{before}, {shown.where}"
    )
    if shown.chance is not None:
        most = shown.chance if shown.most is None else shown.most
        no_more = ", so no more than chance" if error <= most else ""
        text += f"; at this sample size a perfectly calibrated model would show about {number('ece', shown.chance)}"
        text += "" if shown.most is None else f", seldom more than {number('ece', shown.most)}"
        text += no_more
    return [text + ".", *found]


def _few(calibration: Calibration) -> list[str]:
    """Whether too few images were there to tell of a temperature."""
    fit = calibration.get("temperature_fit")
    if fit is None or not fit["few"]:
        return []
    units = f"{fit['n']:,} images" if fit["n_groups"] is None else f"{fit['n_groups']:,} groups of images"
    if fit["value"] == 1:
        return [f"The temperature stays at 1: {units} are too few to tell much of it."]
    return [f"The temperature, {fit['value']:.3g}, comes from {units}: too few to tell much of it."]


class CalibrationError(NamedTuple):
    """The calibration error that is shown first: before and after, what chance would show, and on which images.

    `most` is what chance exceeds in 5 % of samples, where that is known.
    """

    before: IntervalJson | None
    after: IntervalJson
    chance: float | None
    most: float | None
    where: str


def calibration_error(evaluation: Evaluation | None, calibration: Calibration | None) -> CalibrationError | None:
    """That of the split that was measured, or else that of the calibration split."""
    measured = evaluation.get("calibrated") if evaluation else None
    if evaluation and measured and (after := measured["metrics"].get("ece")):
        halves = HALVES if measured.get("cross_fitted") else ""
        where = f"on {evaluation['n']:,} {evaluation['split']} images{halves}"
        most = measured.get("null_high", {}).get("ece")
        return CalibrationError(measured.get("before", {}).get("ece"), after, measured["null"].get("ece"), most, where)
    if calibration is None or not (after := calibration["after"].get("ece")):
        return None
    null = calibration.get("null")
    where = f"on {calibration['n']:,} {calibration['split']} images{HALVES}"
    chance = null["after"].get("ece") if null else None
    most = high["after"].get("ece") if (high := calibration.get("null_high")) else None
    return CalibrationError(calibration["before"].get("ece"), after, chance, most, where)


def tiles(contents: Contents) -> list[Tile]:
    """The headline numbers."""
    evaluation, calibration = contents.read(EVALUATION), contents.read(CALIBRATION)
    found = []
    if evaluation:
        remark = f"on {evaluation['n']:,} {evaluation['split']} image{'s' * (evaluation['n'] != 1)}"
        entries = [(name, evaluation["metrics"].get(name)) for name in HEADLINES]
        found += [_tile(METRICS[name].label, name, entry, remark) for name, entry in entries if entry]
    if error := calibration_error(evaluation, calibration):
        chance = "" if error.chance is None else f"; perfect calibration would show {number('ece', error.chance)}"
        found.append(_tile("Calibration error (ECE), calibrated", "ece", error.after, error.where + chance))
    if evaluation and evaluation["split"] == "test" and not contents.target:
        found.append(uses_tile(contents.test_uses))
    return found


def _tile(title: str, name: str, entry: IntervalJson, remark: str) -> Tile:
    ends = bounds(name, entry, " to ")
    return Tile(title, number(name, entry["value"]), f"{ends} %" if ends else "", remark)


def head(contents: Contents) -> Iterator[Block]:
    """The headline, and its numbers beside others."""
    yield Headline(headline(contents.read(EVALUATION), contents.external))
    if shown := tiles(contents):
        yield Tiles(shown, on="page")


def words(contents: Contents) -> Iterator[Block]:
    """The sentences."""
    if said := sentences(contents.read(EVALUATION), contents.read(CALIBRATION), contents.external):
        yield Bullets(said, on="page")


HEAD: Final = Section(blocks=head, task="classification")
WORDS: Final = Section(blocks=words, task="classification")
