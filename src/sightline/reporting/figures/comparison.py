"""Systems with their intervals, and the differences of their pairs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sightline.metrics.documents.comparison import Comparison, Pair
from sightline.reporting.figures.names import shortened
from sightline.reporting.figures.style import BLUE, GREEN, GREY, WIDTH, drawn
from sightline.reporting.formatting import label, metric

MOST_PAIRS, LONGEST = 30, 44
"""Pairs that are drawn, the widest apart; letters of a name. Where two names are longer, numbers stand for them."""

Limits = tuple[float | None, float | None, float | None]
"""The lower limit, the value, the upper limit."""


@drawn
def comparison(found: Comparison) -> Figure:
    """Draw the systems, the best on top with the value of each seed, and below them the differences of their pairs.

    Args:
        found: the content of `comparison.json`.
    """
    own = {row["name"]: row for row in found["systems"]}
    systems = [own[entry["name"]] for entry in found["ranking"]]
    pairs = sorted(found["pairs"], key=lambda pair: -abs(pair["difference"]))[:MOST_PAIRS]
    rows = [len(systems), *([len(pairs)] if pairs else [])]
    figure = Figure(figsize=(WIDTH, 0.9 * len(rows) + 0.32 * sum(rows)), layout="constrained")
    panels = figure.subplots(len(rows), 1, squeeze=False, height_ratios=[count + 1.2 for count in rows])[:, 0]
    scale = 100 if metric(found["metric"]).percent else 1
    unit = ", %" if scale == 100 else ""
    names = {row["name"]: row["name"] for row in systems}
    if any(len(f"{pair['a']} - {pair['b']}") > LONGEST for pair in pairs):
        names = {row["name"]: f"{place + 1}" for place, row in enumerate(systems)}
    shown = [
        row["name"] if names[row["name"]] == row["name"] else f"{names[row['name']]}:  {row['name']}" for row in systems
    ]
    values = [(row["low"], row["value"], row["high"]) for row in systems]
    _panel(panels[0], values, shown, scale, [BLUE] * len(systems))
    for place, row in enumerate(systems):
        if row["seeds"] > 1:
            panels[0].plot(np.array(row["values"]) * scale, [place] * row["seeds"], "|", color=BLUE, markersize=11)
    panels[0].set_xlabel(f"{label(found['metric'])}{unit}, with its interval")
    if pairs:
        told = [GREEN if _told_apart(pair, found["level"]) else GREY for pair in pairs]
        between = [f"{names[pair['a']]} \N{MINUS SIGN} {names[pair['b']]}" for pair in pairs]
        differences = [(pair["low"], pair["difference"], pair["high"]) for pair in pairs]
        _panel(panels[1], differences, between, scale, told)
        panels[1].axvline(0, color=GREY, linewidth=1.2, linestyle="--")
        panels[1].set_xlabel(f"difference{', points' if scale == 100 else ''}; green: told apart")
    return figure


def _told_apart(pair: Pair, level: float) -> bool:
    return pair["p_adjusted"] is not None and pair["p_adjusted"] < 1 - level


def _panel(axes: Axes, rows: Sequence[Limits], names: Sequence[str], scale: int, colours: Sequence[str]) -> None:
    places = np.arange(len(rows))
    low, value, high = scale * np.array(rows, dtype=np.float64).T
    axes.hlines(places, low, high, color=list(colours), linewidth=2, alpha=0.6)
    axes.scatter(value, places, color=list(colours), s=36, zorder=3)
    axes.set_yticks(places, shortened(names, LONGEST + 5))
    axes.set_ylim(len(rows) - 0.4, -0.6)
