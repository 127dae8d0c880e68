"""Ways to answer beside each other, as rows of strings."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sightline.reporting.tables import interval, metric, number

WAY_HEADER: Final = ("Way", "Answers an image", "Accuracy", "Log loss", "ECE, debiased", "AURC")
SHOWN: Final = ("accuracy", "log_loss", "ece_debiased", "aurc")
MISTAKE_HEADER: Final = ("Way", "Sign of doubt", "AUROC", "Wrong ones passed at 95 % of the right ones")
CALIBRATOR_HEADER: Final = ("Calibrator", "Log loss", "Brier score", "ECE, debiased", "Accuracy", "Answers changed")
CALIBRATOR_SCORES: Final = ("log_loss", "brier", "ece_debiased", "accuracy")
NAMES: Final = {
    "temperature": "temperature",
    "vector": "vector scaling",
    "isotonic": "isotonic regression",
    "plain": "one plain answer",
    "views": "views",
    "dropout": "dropout left on",
    "ensemble": "ensemble of runs",
    "confidence": "low confidence",
    "entropy": "high entropy",
    "mutual_information": "members disagree",
}


def way_rows(found: Mapping[str, Any]) -> list[list[str]]:
    """One row a way of `uncertainty.json`: values, and what they are above the plain ones."""
    return [[NAMES[way["name"]], str(way["members"]), *(_cell(name, way) for name in SHOWN)] for way in found["ways"]]


def mistake_rows(found: Mapping[str, Any]) -> list[list[str]]:
    """How well each way knows its mistakes."""
    return [
        [NAMES[way["name"]], NAMES[sign], interval("roc_auc_ovr", one["auroc"]), interval("accuracy", one["fpr95"])]
        for way in found["ways"]
        for sign, one in way["mistakes"].items()
    ]


def calibrator_rows(found: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One row a calibrator of `calibration.json`: values, and what they are above those of the temperature."""
    return [
        [
            NAMES[entry["name"]],
            *(_cell(name, entry, "over_temperature") for name in CALIBRATOR_SCORES),
            number("accuracy", entry["changed"]),
        ]
        for entry in found
    ]


def _cell(name: str, way: Mapping[str, Any], over: str = "over_plain") -> str:
    if over not in way:
        return interval(name, way["metrics"][name])
    difference, scale = way[over][name], 100 if metric(name).share else 1
    value, low, high = (f"{scale * difference[key]:+.{metric(name).digits}f}" for key in ("value", "low", "high"))
    return f"{number(name, way['metrics'][name]['value'])}, {value} [{low}, {high}]"
