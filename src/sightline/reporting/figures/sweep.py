"""How a sweep went: its trials in turn, their curves, and what mattered."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sightline.metrics.catalogue import monitored
from sightline.metrics.documents.sweep import Study, Trial
from sightline.reporting.figures.names import shortened
from sightline.reporting.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    WIDTH,
    drawn,
    nothing,
    percent,
)
from sightline.reporting.formatting import monitor_name


@drawn
def sweep_history(found: Study) -> Figure:
    """Draw the value of each trial in turn, and the best so far."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.add_subplot()
    complete, pruned = ended(found, "complete"), [row for row in ended(found, "pruned") if row["curve"]]
    if not complete:
        return nothing("no trial ended with a value")
    axes.scatter(*_points(complete, reached), color=BLUE, s=26, label="complete", zorder=3)
    if pruned:
        axes.scatter(
            *_points(pruned, lambda row: row["curve"][-1]), s=26, facecolors="none", edgecolors=GREY,
            label="pruned, where it was",
        )  # fmt: skip
    best, pick = list[float](), max if found["direction"] == "maximize" else min
    for row in complete:
        best.append(reached(row) if not best else pick(best[-1], reached(row)))
    numbers = [row["number"] for row in complete]
    end = max(row["number"] for row in found["trials"])
    axes.step([*numbers, end], [*best, best[-1]], where="post", color=BLACK, linewidth=1.4, label="best so far")
    own = next((row for row in complete if row["number"] == found["as_configured"]), None)
    if own:
        axes.axhline(reached(own), color=GREY, linestyle="--", linewidth=1.2, label="as configured")
    keep_in_view(axes, [reached(row) for row in complete])
    for row in ended(found, "failed"):
        axes.plot(row["number"], 0.03, "x", color=VERMILLION, transform=axes.get_xaxis_transform(), clip_on=False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.set_xlabel("trial" + ("; red: failed" if ended(found, "failed") else ""))
    value_axis(axes, found)
    axes.legend(loc="best")
    return figure


@drawn
def sweep_curves(found: Study) -> Figure:
    """Draw the curve of every trial: pruned ones end early, the best stands out."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.add_subplot()
    for row in found["trials"]:
        if not row["curve"]:
            continue
        colour, width = (GREY, 1.0) if row["state"] != "complete" else (BLUE, 1.0)
        if row["number"] == found["best"]:
            colour, width = GREEN, 2.4
        epochs = np.arange(1, len(row["curve"]) + 1)
        axes.plot(epochs, row["curve"], color=colour, linewidth=width, alpha=0.9 if width > 1 else 0.6, zorder=width)
        if row["state"] == "pruned":
            axes.plot(epochs[-1], row["curve"][-1], "|", color=GREY, markersize=9)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.set_xlabel("epochs; green: the best trial; grey: pruned")
    value_axis(axes, found)
    return figure


@drawn
def sweep_importances(found: Study) -> Figure:
    """Draw how much of the differences between trials goes with each dimension."""
    shares = sorted(found["importances"].items(), key=lambda item: item[1])
    if not shares:
        return nothing("too few complete trials to say what matters")
    figure = Figure(figsize=(WIDTH, 0.6 + 0.32 * len(shares)), layout="constrained")
    axes = figure.add_subplot()
    names = shortened([name for name, _ in shares], 40)
    axes.barh(names, [share for _, share in shares], color=BLUE, height=0.7)
    for place, (_, share) in enumerate(shares):
        axes.text(share, place, f" {percent(round(share, 2))}", va="center", fontsize=9, color=INK)
    axes.xaxis.set_major_formatter(percent)
    axes.set_xlim(0, 1.1 * max(share for _, share in shares) or 1)
    axes.grid(visible=False, axis="y")
    return figure


def ended(found: Study, state: str) -> list[Trial]:
    """The trials that ended so."""
    return [row for row in found["trials"] if row["state"] == state]


def reached(row: Trial) -> float:
    """The value of a trial that is complete."""
    assert row["value"] is not None
    return row["value"]


def _points(rows: Sequence[Trial], value: Callable[[Trial], float]) -> tuple[list[int], list[float]]:
    return [row["number"] for row in rows], [value(row) for row in rows]


def value_axis(axes: Axes, found: Study) -> None:
    """Name and number the axis of what trials reached."""
    axes.set_ylabel(monitor_name(found["metric"]))
    if monitored(found["metric"]).percent:
        axes.yaxis.set_major_formatter(percent)


def keep_in_view(axes: Axes, values: Sequence[float]) -> None:
    """Leave out what lies far off the middle half, so that the rest can be told apart."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 6 * max(high - low, 0.002 * abs(middle), 1e-9)
    bottom, top = max(min(values), low - reach), min(max(values), high + reach)
    room = 0.08 * (top - bottom or 1e-3)
    axes.set_ylim(bottom - room, top + room)
