"""How sure one can be of answers, as rows of strings: sets, thresholds, calibrators, other ways, unknown images."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sightline.reporting.tables import MISSING, interval, label, number, signed

WAY_HEADER: Final = ("Way", "Score", "Value", "Above the plain one")
SHOWN: Final = ("accuracy", "log_loss", "ece_debiased", "aurc")
MISTAKE_HEADER: Final = ("Way", "Sign of doubt", "AUROC", "Wrong ones passed at 95 % of the right ones")
CALIBRATOR_HEADER: Final = ("Calibrator", "Score", "Value", "Above the temperature's")
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


UNKNOWN_HEADER: Final = ("Score", "AUROC", "AUPR, known", "AUPR, unknown", "Unknown ones passed at 95 % of the known")
SCORES: Final = {
    "msp": "probability of the answer (MSP)",
    "energy": "energy",
    "mahalanobis": "distance to the classes (Mahalanobis)",
    "knn": "distance to the k-th neighbour",
}


def unknown_rows(ood: Mapping[str, Any]) -> list[list[str]]:
    """One row a score that should tell unknown images from known ones."""
    return [
        [
            SCORES[name],
            *(interval("roc_auc_ovr", measured[area]) for area in ("auroc", "aupr_in", "aupr_out")),
            interval("accuracy", measured["fpr95"]),
        ]
        for name, measured in ood["scores"].items()
    ]


def way_rows(found: Mapping[str, Any]) -> list[list[str]]:
    """One row a way of `uncertainty.json` and score: its value, and the difference from the plain one."""
    rows = []
    for way in found["ways"]:
        name = NAMES[way["name"]] + (f", {way['members']} each" if way["members"] > 1 else "")
        rows += [[name, *_cells(score, way, "over_plain")] for score in SHOWN]
    return rows


def mistake_rows(found: Mapping[str, Any]) -> list[list[str]]:
    """How well each way knows its mistakes."""
    return [
        [NAMES[way["name"]], NAMES[sign], interval("roc_auc_ovr", one["auroc"]), interval("accuracy", one["fpr95"])]
        for way in found["ways"]
        for sign, one in way["mistakes"].items()
    ]


def calibrator_rows(found: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One row a calibrator of `calibration.json` and score: its value, and the difference from the temperature's."""
    rows = []
    for entry in found:
        rows += [[NAMES[entry["name"]], *_cells(score, entry, "over_temperature")] for score in CALIBRATOR_SCORES]
        if entry["changed"]:
            rows.append([NAMES[entry["name"]], "Answers changed", number("accuracy", entry["changed"]), ""])
    return rows


CONFORMAL_HEADER: Final = ("Method", "Promise", "Holds", "Coverage", "Mean size", "One class", "Empty")


def conformal_rows(entries: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One row a kind of set that was measured."""
    return [
        [
            entry["method"].upper(),
            number("accuracy", 1 - entry["alpha"]),
            "within each class" if entry["conditional"] == "class" else "over all images",
            interval("accuracy", entry["coverage"]),
            f"{entry['mean_size']:.2f}",
            number("accuracy", entry["single"]),
            number("accuracy", entry["empty"]),
        ]
        for entry in entries
        if "coverage" in entry
    ]


SELECTIVE_HEADER: Final = ("At most wrong", "Bound", "Confidence from", "Answered", "Wrong among them")


def selective_rows(entries: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One row a target; where none can be vouched for, no answer is given."""
    return [
        [
            f"{100 * entry['target_risk']:g} %",
            number("ece", entry["risk_bound"]),
            MISSING if entry["threshold"] is None else f"{entry['threshold']:.4f}",
            number("accuracy", entry["coverage"]),
            interval("ece", entry["risk"]) if isinstance(entry["risk"], Mapping) else number("ece", entry["risk"]),
        ]
        for entry in entries
    ]


def _cells(score: str, entry: Mapping[str, Any], over: str) -> list[str]:
    """A score, its value with its interval, and its difference, if it has one."""
    difference = signed(score, entry[over][score]) if over in entry else ""
    return [label(score), interval(score, entry["metrics"][score]), difference]
