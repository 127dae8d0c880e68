"""Numbers as people read them: values, intervals, differences, lengths of time.

The page, the model card and the terminal all say a number in the same way because all of them ask here.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

from sightline.config.columns import column_of
from sightline.metrics.catalogue import METRICS, monitored
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.metric import Metric

MISSING: Final = "–"

ISOLATED: Final = ("\u2068", "\u2069")
"""First strong isolate, and its end: between them a name from right to left turns nothing that stands beside it."""


def quoted(name: str) -> str:
    """A name within a sentence, in quotation marks."""
    right_to_left = any(unicodedata.bidirectional(letter) in {"R", "AL", "AN"} for letter in name)
    return f"“{name.join(ISOLATED)}”" if right_to_left else f"“{name}”"


def metric(name: str) -> Metric:
    """How to write a metric or a column of mode `robustness`; one we do not know is a plain number of its own name."""
    if column := column_of(name):
        return column.metric()
    return METRICS.get(name, Metric(name=name, label=name, meaning="", percent=False, digits=4))


def label(name: str) -> str:
    """What people call a metric."""
    return metric(name).label


def number(name: str, value: float | None) -> str:
    """A value in the metric's own way: `87.9 %`, `0.4120`."""
    if value is None:
        return MISSING
    return _digits(name, value) + (" %" if metric(name).percent else "")


def bounds(name: str, entry: IntervalJson, between: str = ", ") -> str:
    """The ends of an interval without unit, `87.2, 88.5`; empty where there is none."""
    low, high = entry.get("low"), entry.get("high")
    return "" if low is None or high is None else f"{_digits(name, low)}{between}{_digits(name, high)}"


def interval(name: str, entry: IntervalJson | None) -> str:
    """A value with its interval, `87.9 % [87.2, 88.5]`."""
    if entry is None or entry["value"] is None:
        return MISSING
    ends = bounds(name, entry)
    return number(name, entry["value"]) + (f" [{ends}]" if ends else "")


def signed(name: str, difference: IntervalJson) -> str:
    """A difference with its limits, `+1.2 [-0.3, +2.7]`, without unit."""
    ends = (difference["value"], difference["low"], difference["high"])
    value, low, high = (MISSING if end is None else _digits(name, end, sign="+") for end in ends)
    return f"{value} [{low}, {high}]"


def quotient(entry: IntervalJson | None) -> str:
    """A quotient with its limits; not defined where it would divide by nothing."""
    if entry is None or entry["value"] is None:
        return MISSING
    low, high = (MISSING if end is None else f"{end:.2f}" for end in (entry["low"], entry["high"]))
    return f"{entry['value']:.2f} [{low}, {high}]"


def score_cells(name: str, metrics: Mapping[str, IntervalJson], over: Mapping[str, IntervalJson]) -> list[str]:
    """A score, its value with its interval, and its difference from another's, if it has one."""
    return [label(name), interval(name, metrics[name]), signed(name, over[name]) if over else ""]


def level(entry: IntervalJson) -> str:
    """The level of an interval, `95 %`."""
    return MISSING if entry.get("level") is None else f"{round(100 * entry['level'], 4):g} %"


def monitor_name(column: str) -> str:
    """What a column of the epoch rows is called: `accuracy on val`."""
    found = monitored(column)
    return f"{found.short or found.label} on val"


def monitor_value(column: str, value: float | None) -> str:
    """A value of such a column; of shares in percent."""
    if value is None:
        return MISSING
    return f"{100 * value:.2f} %" if monitored(column).percent else f"{value:.4f}"


def monitor_difference(column: str, value: float | None, *, sign: str = "+") -> str:
    """A difference of such values; of shares in points."""
    if value is None:
        return MISSING
    return f"{100 * value:{sign}.2f} points" if monitored(column).percent else f"{value:{sign}.4f}"


def duration(seconds: float) -> str:
    """A length of time: `48 s`, `9 min 52 s`, `3 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _digits(name: str, value: float, sign: str = "") -> str:
    how = metric(name)
    return f"{100 * value if how.percent else value:{sign}.{how.digits}f}"
