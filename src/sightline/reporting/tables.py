"""Numbers as people read them: intervals, metric tables and class tables as rows of strings.

The page, the model card and the terminal all say a number in the same way because all of them ask here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sightline.metrics.catalogue import METRICS, Metric, of_class

MISSING: Final = "n/a"


def metric(name: str) -> Metric:
    """How to write a metric; one we do not know is a plain number under its own name."""
    return METRICS.get(name, Metric(name=name, label=name, meaning="", percent=False, digits=4))


def label(name: str) -> str:
    """What people call a metric."""
    return metric(name).label


def number(name: str, value: float | None) -> str:
    """A value in the metric's own way: `87.9 %`, `0.4120`."""
    if value is None:
        return MISSING
    return _digits(name, value) + (" %" if metric(name).percent else "")


def bounds(name: str, entry: Mapping[str, Any], between: str = ", ") -> str:
    """The ends of an interval without unit, `87.2, 88.5`; empty where there is none."""
    if entry.get("low") is None or entry.get("high") is None:
        return ""
    return between.join(_digits(name, entry[end]) for end in ("low", "high"))


def interval(name: str, entry: Mapping[str, Any] | None) -> str:
    """A value with its interval, `87.9 % [87.2, 88.5]`."""
    if entry is None or entry["value"] is None:
        return MISSING
    ends = bounds(name, entry)
    return number(name, entry["value"]) + (f" [{ends}]" if ends else "")


def signed(name: str, difference: Mapping[str, Any]) -> str:
    """A difference with its limits, `+1.2 [-0.3, +2.7]`, without unit."""
    how = metric(name)
    scale = 100 if how.percent else 1
    value, low, high = (f"{scale * difference[key]:+.{how.digits}f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def level(entry: Mapping[str, Any]) -> str:
    """The level of an interval, `95 %`."""
    return MISSING if entry.get("level") is None else f"{round(100 * entry['level'], 4):g} %"


METRIC_HEADER: Final = ("Metric", "Value", "Interval", "Level", "Method")


def metric_rows(metrics: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """One row a metric, in the order of the file."""
    return [
        [
            label(name),
            number(name, entry["value"]),
            bounds(name, entry) or MISSING,
            level(entry),
            entry.get("method") or "",
        ]
        for name, entry in metrics.items()
    ]


PER_CLASS_HEADER: Final = ("Class", "Images", "Precision", "Recall", "F1", "ROC AUC")


def per_class_rows(entries: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One row a class, the weakest F1 first."""
    return [
        [
            str(entry["class"]),
            f"{entry['support']:,}",
            *(interval(of_class(key).name, entry[key]) for key in ("precision", "recall", "f1")),
            number(of_class("roc_auc").name, entry.get("roc_auc")),
        ]
        for entry in weakest_first(entries)
    ]


def weakest_first(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Classes by F1; those without one last."""
    return sorted(entries, key=lambda entry: 2.0 if entry["f1"]["value"] is None else float(entry["f1"]["value"]))


CALIBRATION_HEADER: Final = ("Error", "Before", "By chance alone", "After", "By chance alone")


def calibration_rows(calibration: Mapping[str, Any]) -> list[list[str]]:
    """One row an error before and after, each beside what a perfectly calibrated model of this size would show."""
    before, after, null = calibration["before"], calibration["after"], calibration.get("null") or {}
    return [
        [
            label(name),
            interval(name, before[name]),
            number(name, (null.get("before") or {}).get(name)),
            interval(name, after.get(name)),
            number(name, (null.get("after") or {}).get(name)),
        ]
        for name in before
    ]


CALIBRATED_HEADER: Final = ("Error", "Calibrated", "By chance alone")


def calibrated_rows(calibrated: Mapping[str, Any]) -> list[list[str]]:
    """One row an error at the fitted temperature, beside what a perfectly calibrated model of this size would show."""
    return [
        [label(name), interval(name, entry), number(name, calibrated["null"].get(name))]
        for name, entry in calibrated["metrics"].items()
    ]


SLICE_HEADER: Final = ("Column", "Value", "Images", "Accuracy", "Above the others")


def slice_rows(entries: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """One row a slice."""
    return [
        [
            entry["column"],
            entry["value"],
            f"{entry['n']:,}",
            interval("accuracy", entry["accuracy"]),
            signed("accuracy", entry["difference"]) if "difference" in entry else MISSING,
        ]
        for entry in entries
    ]


SUSPECT_HEADER: Final = ("Image", "Labelled", "Rather", "Probability of the label", "Of the other")


def suspect_rows(suspects: Mapping[str, Any], most: int = 10) -> list[list[str]]:
    """The labels most worth a second look, one a row."""
    return [
        [
            item["id"],
            item["label"],
            item["rather"],
            number("ece", item["label_probability"]),
            number("ece", item["rather_probability"]),
        ]
        for item in suspects["items"][:most]
    ]


CONFUSED_HEADER: Final = ("Truth", "Taken for", "Images", "Share of the true class")


@dataclass(frozen=True)
class Confused:
    """A class taken for another: how often, and out of how many."""

    truth: str
    predicted: str
    count: int
    support: int


def most_confused(evaluation: Mapping[str, Any], most: int = 8) -> list[Confused]:
    """The pairs of classes that are confused most often, by number of images."""
    names, matrix = evaluation["class_names"], evaluation["confusion"]
    pairs = [
        Confused(names[i], names[j], count, sum(row))
        for i, row in enumerate(matrix)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(pairs, key=lambda pair: -pair.count)[:most]


def confused_rows(evaluation: Mapping[str, Any], most: int = 8) -> list[list[str]]:
    """The most frequent confusions, one a row."""
    return [
        [pair.truth, pair.predicted, f"{pair.count:,}", number("accuracy", pair.count / pair.support)]
        for pair in most_confused(evaluation, most)
    ]


def duration(seconds: float) -> str:
    """A length of time: `48 s`, `9 min 52 s`, `3 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _digits(name: str, value: float) -> str:
    how = metric(name)
    return f"{100 * value if how.percent else value:.{how.digits}f}"
