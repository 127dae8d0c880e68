"""How a sweep went, and what each dimension has to do with it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from sightline.metrics.catalogue import monitored
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
    shorten,
)
from sightline.reporting.sweep import metric_name

Found = Mapping[str, Any]
COLUMNS, LONGEST = 3, 26


@drawn
def sweep_history(found: Found) -> Figure:
    """Draw the value of each trial in turn, and the best so far."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.add_subplot()
    complete, pruned = _ended(found, "complete"), [row for row in _ended(found, "pruned") if row["curve"]]
    if not complete:
        return nothing("no trial ended with a value")
    axes.scatter(*_points(complete, lambda row: row["value"]), color=BLUE, s=26, label="complete", zorder=3)
    if pruned:
        axes.scatter(
            *_points(pruned, lambda row: row["curve"][-1]), s=26, facecolors="none", edgecolors=GREY,
            label="pruned, where it was",
        )  # fmt: skip
    best, pick = list[float](), max if found["direction"] == "maximize" else min
    for row in complete:
        best.append(row["value"] if not best else pick(best[-1], row["value"]))
    numbers = [row["number"] for row in complete]
    end = max(row["number"] for row in found["trials"])
    axes.step([*numbers, end], [*best, best[-1]], where="post", color=BLACK, linewidth=1.4, label="best so far")
    own = next((row for row in complete if row["number"] == found["as_configured"]), None)
    if own:
        axes.axhline(own["value"], color=GREY, linestyle="--", linewidth=1.2, label="as configured")
    _within(axes, [row["value"] for row in complete])
    for row in _ended(found, "failed"):
        axes.plot(row["number"], 0.03, "x", color=VERMILLION, transform=axes.get_xaxis_transform(), clip_on=False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.set_xlabel("trial" + ("; red: failed" if _ended(found, "failed") else ""))
    _value_axis(axes, found)
    axes.legend(loc="best")
    return figure


@drawn
def sweep_curves(found: Found) -> Figure:
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
    _value_axis(axes, found)
    return figure


@drawn
def sweep_importances(found: Found) -> Figure:
    """Draw how much of the differences between trials goes with each dimension."""
    shares = sorted(found["importances"].items(), key=lambda item: item[1])
    if not shares:
        return nothing("too few complete trials to say what matters")
    figure = Figure(figsize=(WIDTH, 0.6 + 0.32 * len(shares)), layout="constrained")
    axes = figure.add_subplot()
    axes.barh([shorten(name, 40) for name, _ in shares], [share for _, share in shares], color=BLUE, height=0.7)
    for place, (_, share) in enumerate(shares):
        axes.text(share, place, f" {percent(round(share, 2))}", va="center", fontsize=9, color=INK)
    axes.xaxis.set_major_formatter(percent)
    axes.set_xlim(0, 1.1 * max(share for _, share in shares) or 1)
    axes.grid(visible=False, axis="y")
    return figure


@drawn
def sweep_parallel(found: Found) -> Figure:
    """Draw every complete trial as a line through its values, coloured by what it reached."""
    rows = _ended(found, "complete")
    if not rows:
        return nothing("no trial ended with a value")
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.add_subplot()
    keys, colour = _keys(found), _colour(found, rows)
    scales = [_Scale(key, found) for key in keys]
    ordered = sorted(rows, key=lambda row: row["value"], reverse=found["direction"] == "minimize")
    for row in ordered:  # the best on top
        places = [scale.place(row["values"].get(scale.key)) for scale in scales]
        axes.plot(range(len(keys)), places, "-o", color=colour.to_rgba(row["value"]), linewidth=1.6, markersize=3)
    for at, scale in enumerate(scales):
        axes.axvline(at, color=INK, linewidth=0.8, zorder=0)
        for place, text in scale.marks():
            axes.text(at, place, f" {shorten(text, 14)}", fontsize=8, va="center", color=INK,
                      bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5})  # fmt: skip
    axes.set_xticks(range(len(keys)), [_two_lines(key) for key in keys])
    axes.set_yticks([])
    axes.set_xlim(-0.15, len(keys) - 0.5)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    figure.colorbar(colour, ax=axes, label=metric_name(found["metric"]), format=_format(found), pad=0.02)
    return figure


@drawn
def sweep_slices(found: Found) -> Figure:
    """Draw what trials reached over each dimension by itself, later trials darker."""
    rows, keys = _ended(found, "complete"), _keys(found)
    if not rows:
        return nothing("no trial ended with a value")
    lines = -(-len(keys) // COLUMNS)
    figure = Figure(figsize=(WIDTH, 0.5 + 2.0 * lines), layout="constrained")
    panels = figure.subplots(lines, COLUMNS, squeeze=False, sharey=True).ravel()
    for axes, key in zip(panels, keys, strict=False):
        scale = _Scale(key, found)
        own = [row for row in rows if row["values"].get(key) is not None]
        numbers = [row["number"] for row in own]
        if scale.choices:
            places = [scale.choices.index(str(row["values"][key])) for row in own]
            axes.set_xticks(range(len(scale.choices)), [shorten(choice, 12) for choice in scale.choices])
            axes.set_xlim(-0.5, len(scale.choices) - 0.5)
        else:
            places = [row["values"][key] for row in own]
            axes.set_xscale("log" if scale.log else "linear")
            if scale.log:
                axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
                axes.xaxis.set_minor_formatter(NullFormatter())
        axes.scatter(places, [row["value"] for row in own], c=numbers, cmap="Blues", vmin=-len(rows) / 2, s=22,
                     edgecolors=INK, linewidths=0.3)  # fmt: skip
        axes.set_title(shorten(key, LONGEST), fontsize=9)
    for axes in panels[len(keys) :]:
        axes.set_visible(False)
    _value_axis(panels[0], found)
    _within(panels[0], [row["value"] for row in rows])
    for axes in panels[COLUMNS::COLUMNS]:
        axes.set_ylabel(metric_name(found["metric"]))
    return figure


class _Scale:
    """Where the values of a dimension stand between 0 and 1."""

    def __init__(self, key: str, found: Found) -> None:
        self.key = key
        words = [text for name, text in found["space"].items() if name.split(" (")[0] == key]
        self.log = any(text.startswith("log") for text in words)
        values = [row["values"][key] for row in _ended(found, "complete") if row["values"].get(key) is not None]
        self.choices = sorted({str(one) for one in values}) if words[0].startswith("categorical") else []
        numbers = [] if self.choices else [self._number(one) for one in values]
        self._low, self._high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)

    def place(self, value: Any) -> float:
        """Between 0 and 1; not a number where there is no value."""
        if value is None:
            return float("nan")
        if self.choices:
            return self.choices.index(str(value)) / max(1, len(self.choices) - 1)
        width = self._high - self._low
        return (self._number(value) - self._low) / width if width else 0.5

    def marks(self) -> list[tuple[float, str]]:
        """What is written along the axis."""
        if self.choices:
            return [(self.place(choice), choice) for choice in self.choices]
        ends = [10**end if self.log else end for end in (self._low, self._high)]
        return [(self.place(end), f"{end:.3g}") for end in dict.fromkeys(ends)]

    def _number(self, value: float) -> float:
        return float(np.log10(value)) if self.log else float(value)


def _keys(found: Found) -> list[str]:
    return list(dict.fromkeys(name.split(" (")[0] for name in found["space"]))


def _ended(found: Found, state: str) -> list[Mapping[str, Any]]:
    return [row for row in found["trials"] if row["state"] == state]


def _points(rows: Sequence[Found], value: Callable[[Found], float]) -> tuple[list[int], list[float]]:
    return [row["number"] for row in rows], [value(row) for row in rows]


def _colour(found: Found, rows: Sequence[Found]) -> ScalarMappable:
    """Dark is good; the worst tenth shares a colour, so that it does not hide what sets the good ones apart."""
    values = [row["value"] for row in rows]
    low, high = np.quantile(values, [0.1, 1.0] if found["direction"] == "maximize" else [0.0, 0.9])
    name = "viridis_r" if found["direction"] == "maximize" else "viridis"
    return ScalarMappable(Normalize(low, high if high > low else low + 1e-9), colormaps[name])


def _value_axis(axes: Axes, found: Found) -> None:
    axes.set_ylabel(metric_name(found["metric"]))
    if monitored(found["metric"]).percent:
        axes.yaxis.set_major_formatter(percent)


def _format(found: Found) -> Any:
    return percent if monitored(found["metric"]).percent else None


def _within(axes: Axes, values: Sequence[float]) -> None:
    """Leave out what lies far off the middle half, so that the rest can be told apart."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    reach = 6 * max(high - low, 0.002 * abs(middle), 1e-9)
    bottom, top = max(min(values), low - reach), min(max(values), high + reach)
    room = 0.08 * (top - bottom or 1e-3)
    axes.set_ylim(bottom - room, top + room)


def _two_lines(key: str) -> str:
    group, _, name = key.rpartition(".")
    return f"{shorten(group, 14)}\n{shorten(name, 14)}" if group else key
