"""How sure one can be of answers, as rows of strings: sets, thresholds, calibrators, other ways, unknown images."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sightline.reporting.tables import MISSING, interval, number, signed

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


def _cell(name: str, way: Mapping[str, Any], over: str = "over_plain") -> str:
    if over not in way:
        return interval(name, way["metrics"][name])
    return f"{number(name, way['metrics'][name]['value'])}, {signed(name, way[over][name])}"
