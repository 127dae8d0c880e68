"""Where a model is worse: accuracy within parts of the items that something else than the class sets apart."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.documents.evaluation import Slice
from sightline.metrics.intervals.interval import Interval, effective_size, wilson_share
from sightline.metrics.intervals.resampling import Resampling

Ints = NDArray[np.int64]

MOST = 30
"""Values of a column that are shown, the most frequent ones."""

BLANK = "(blank)"
_DISTINCT = 12


def measure_slices(
    columns: Mapping[str, Sequence[str]], right: NDArray[np.bool_], resampling: Resampling
) -> list[Slice]:
    """Accuracy of every slice, and how far it is from that of all other items, ready for JSON.

    The limits of a difference are Newcombe's (1998, method 10), each at a level so high that all of them together hold
    at `level` (Bonferroni): with many slices some differ by chance. A column of numbers with more than 12 of them is
    cut at its quartiles.

    Args:
        columns: by name, the value of each of the n items.
        right: (n,) whether each answer is right.
        resampling: confidence and groups; nothing is drawn.
    """
    parts = [(name, value, mask) for name, cells in columns.items() for value, mask in _parts(cells)]
    level = resampling.level
    groups = resampling.groups
    together = 1 - (1 - level) / max(1, len(parts))
    found: list[Slice] = []
    for name, value, mask in parts:
        inside = _share(right, mask, level, groups)
        outside = _share(right, ~mask, level, groups)
        entry: Slice = {"column": name, "value": value, "n": int(mask.sum()), "accuracy": inside.to_json()}
        if not mask.all():
            inside_wide, outside_wide = (_share(right, chosen, together, groups) for chosen in (mask, ~mask))
            entry["difference"] = {**_newcombe(inside_wide, outside_wide, level).to_json(), "rest": outside.value}
        found.append(entry)
    return found


def _parts(cells: Sequence[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    """The values of a column and which items have them, in order of size, or of the numbers."""
    values = np.array([cell or BLANK for cell in cells])
    names, counts = np.unique(values, return_counts=True)
    if len(names) > _DISTINCT and (numbers := _numbers(cells)) is not None:
        edges = np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1])
        place = np.searchsorted(edges[1:4], numbers, side="left")
        quarters = [
            (f"{edges[index]:g} to {edges[index + 1]:g}", (place == index) & np.isfinite(numbers)) for index in range(4)
        ]
        quarters.append((BLANK, np.isnan(numbers)))
        return [(name, mask) for name, mask in quarters if mask.any()]
    frequent = names[np.argsort(-counts, kind="stable")][:MOST]
    return [(str(name), values == name) for name in frequent]


def _numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The cells as numbers, blank ones NaN; None where one is no number."""
    try:
        numbers = np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).any() else None


def _share(right: NDArray[np.bool_], mask: NDArray[np.bool_], level: float, groups: Ints | None) -> Interval:
    chosen = right[mask]
    if not len(chosen):
        return wilson_share(np.nan, 0, level)
    if groups is None:
        return wilson_share(float(chosen.mean()), len(chosen), level, "Wilson")
    size = effective_size(chosen, groups[mask])
    return wilson_share(float(chosen.mean()), size, level, "Wilson, groups")


def _newcombe(inside: Interval, outside: Interval, level: float) -> Interval:
    """Limits of the difference of two independent shares from the limits of each."""
    value = inside.value - outside.value
    below = np.hypot(inside.value - inside.low, outside.high - outside.value)
    above = np.hypot(inside.high - inside.value, outside.value - outside.low)
    return Interval(value, value - float(below), value + float(above), level, "Newcombe, Bonferroni")
