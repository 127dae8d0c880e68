"""What changed, in words: `darker by 12/255`, `3.0 times as often cat`."""

from collections.abc import Sequence
from typing import Final

from sightline.metrics.documents.drift import ClassShare, Drift
from sightline.metrics.drift.effects import Effect
from sightline.metrics.drift.statistics import CONFIDENCE, STATISTICS

TOLD: Final = 3
"""Differences that one line names, and classes."""


def in_words(name: str, size: Effect) -> str:
    """How a statistic of the new images differs from the reference's."""
    statistic, gap = STATISTICS[name], size.new - size.reference
    direction = statistic.more if gap > 0 else statistic.less
    if statistic.scale == "level":
        same = abs(gap) < 0.05
        return f"otherwise spread: {statistic.axis}" if same else f"{direction} by {abs(gap):.{_digits(gap)}f}/255"
    if statistic.scale == "ratio" and size.reference > 0:
        return f"{direction} ({size.new / size.reference:.2f} times)"
    if name == CONFIDENCE:
        return f"{direction}: {size.new:.2f} instead of {size.reference:.2f}"
    return f"{direction}: {_percent(size.new)} of the pixel values instead of {_percent(size.reference)}"


def class_words(classes: Sequence[ClassShare]) -> str:
    """The classes whose shares differ most: `3.0 times as often cat (30 % instead of 10 %)`."""
    largest = sorted(classes, key=lambda one: -abs(one["new"] - one["reference"]))[:TOLD]
    return ", ".join(
        f"{_times(one)} {one['name']} ({_percent(one['new'])} instead of {_percent(one['reference'])})"
        for one in largest
        if one["new"] != one["reference"]
    )


def headline(found: Drift) -> str:
    """One line that says whether images drifted and how; empty where nothing did."""
    rows = [row for row in found["statistics"] if row["matters"]]
    if not rows:
        return ""
    said = "; ".join(row["words"] for row in rows[:TOLD])
    more = f"; and {len(rows) - TOLD} more" if len(rows) > TOLD else ""
    return f"the {found['n']:,} images are unlike those of the run: {said}{more} (p = {p_words(found)})"


def p_words(found: Drift) -> str:
    """The p-value of all statistics together."""
    p, smallest = found["p"] or 0.0, 1 / (found["permutations"] + 1)
    return f"{p:.4f} at most" if p <= smallest else f"{p:.3f}"


def _times(one: ClassShare) -> str:
    """`3.0 times as often`; of a class that never was predicted before, that it is new."""
    return "newly" if one["reference"] == 0 else f"{one['new'] / one['reference']:.1f} times as often"


def _digits(gap: float) -> int:
    return 0 if abs(gap) >= 9.5 else 1


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
