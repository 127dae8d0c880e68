"""The run in plain words: a headline, a few sentences, the figures that matter, and what to beware of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sightline.metrics.catalogue import HEADLINES, of_class
from sightline.reporting.contents import Contents
from sightline.reporting.tables import bounds, label, level, most_confused, number, weakest_first

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Tile:
    """One headline number: what it is, its value, its interval, a remark, whether to beware of it."""

    label: str
    value: str
    interval: str
    remark: str
    beware: bool = False


@dataclass(frozen=True)
class Verdict:
    """What stands at the top of the page.

    Attributes:
        headline: one sentence with the most important number.
        sentences: what else there is to say, in order of importance.
        tiles: the headline numbers.
        warnings: what makes these numbers less than they seem.
        remarks: what else to bear in mind.
    """

    headline: str
    sentences: list[str]
    tiles: list[Tile]
    warnings: list[str]
    remarks: list[str]


def verdict(contents: Contents) -> Verdict:
    """Put a run into words, from its files alone."""
    evaluation, calibration = contents.evaluation, contents.calibration
    sentences = _results(evaluation) if evaluation else []
    sentences += _calibration(calibration) if calibration else []
    return Verdict(_headline(evaluation), sentences, _tiles(contents), _warnings(contents), _remarks(contents))


def _headline(evaluation: Json | None) -> str:
    if evaluation is None or "accuracy" not in evaluation["metrics"]:
        return "This run has not been evaluated yet."
    return (
        f"The model names {number('accuracy', evaluation['metrics']['accuracy']['value'])} of unseen images correctly."
    )


def _results(evaluation: Json) -> list[str]:
    """Interval, baseline, weakest class, most frequent confusion."""
    sentences = []
    if accuracy := evaluation["metrics"].get("accuracy"):
        sentences.append(
            f"Measured on {evaluation['n']:,} {evaluation['split']} images that played no part in training; "
            f"the {level(accuracy)} interval runs from {bounds('accuracy', accuracy, ' to ')} %."
        )
    supports = [sum(row) for row in evaluation["confusion"]]
    commonest = max(range(len(supports)), key=supports.__getitem__)
    sentences.append(
        f"Always answering “{evaluation['class_names'][commonest]}” would be right for "
        f"{number('accuracy', supports[commonest] / max(1, sum(supports)))} of them."
    )
    ranked = [entry for entry in weakest_first(evaluation["per_class"]) if entry["f1"]["value"] is not None]
    if len(ranked) > 1:
        weak, strong, f1 = ranked[0], ranked[-1], of_class("f1").name
        sentences.append(
            f"It is weakest on “{weak['class']}” (F1 {number(f1, weak['f1']['value'])}) "
            f"and strongest on “{strong['class']}” ({number(f1, strong['f1']['value'])})."
        )
    if pairs := most_confused(evaluation, 1):
        pair = pairs[0]
        sentences.append(
            f"Its most frequent mistake: {pair.count:,} of {pair.support:,} images of “{pair.truth}” "
            f"are taken for “{pair.predicted}”."
        )
    return sentences


def _calibration(calibration: Json) -> list[str]:
    """What the stated probabilities are worth, before and after."""
    before, after = calibration["before"].get("ece"), calibration["after"].get("ece")
    if not before or not after or before["value"] is None or after["value"] is None:
        return []
    chance = ((calibration.get("null") or {}).get("after") or {}).get("ece")
    text = (
        f"After calibration its stated confidence is off by {number('ece', after['value'])} on average, "
        f"{level(after)} interval {bounds('ece', after, ' to ')} % ({number('ece', before['value'])} before)"
    )
    if chance is not None:
        no_more = ", so no more than chance" if after["value"] <= chance else ""
        text += f"; at this sample size a perfectly calibrated model would show about {number('ece', chance)}{no_more}"
    return [text + "."]


def _tiles(contents: Contents) -> list[Tile]:
    tiles = []
    if evaluation := contents.evaluation:
        for name in HEADLINES:
            if entry := evaluation["metrics"].get(name):
                remark = f"on {evaluation['n']:,} {evaluation['split']} images"
                tiles.append(Tile(label(name), number(name, entry["value"]), _ends(name, entry), remark))
    if (calibration := contents.calibration) and (entry := calibration["after"].get("ece")):
        chance = ((calibration.get("null") or {}).get("after") or {}).get("ece")
        remark = "" if chance is None else f"perfect calibration would show {number('ece', chance)}"
        tiles.append(
            Tile("Calibration error (ECE), calibrated", number("ece", entry["value"]), _ends("ece", entry), remark)
        )
    if contents.evaluation and contents.evaluation["split"] == "test":
        uses = contents.test_uses
        remark = "as it should be" if uses == 1 else "not in the ledger" if uses == 0 else "these numbers may flatter"
        tiles.append(Tile("Test labels used", "once" if uses == 1 else f"{uses} times", "", remark, beware=uses != 1))
    return tiles


def _ends(name: str, entry: Json) -> str:
    ends = bounds(name, entry, " to ")
    return f"{ends} %" if ends else ""


def _warnings(contents: Contents) -> list[str]:
    """What makes the numbers less than they seem."""
    warnings = []
    if contents.test_uses > 1:
        warnings.append(
            f"The test labels have been used {contents.test_uses} times. Whatever was changed after the first look was "
            "chosen with their help, so the numbers here may be better than the model is."
        )
    if contents.evaluation and contents.evaluation["split"] != "test":
        warnings.append(f"Measured on the {contents.evaluation['split']} split, not on a test split kept for the end.")
    return warnings


def _remarks(contents: Contents) -> list[str]:
    """What the data checks found, and what stands in the way of a repetition."""
    findings = (contents.validation or {}).get("findings", [])
    remarks = [
        f"Data check “{finding['check'].replace('_', ' ')}”: {finding['message'].rstrip('.')}."
        for finding in findings
        if finding["outcome"] in {"warn", "refuse"}
    ]
    if ((contents.provenance or {}).get("git") or {}).get("dirty"):
        remarks.append("The code had changes that were not committed: the commit alone does not reproduce this run.")
    return remarks
