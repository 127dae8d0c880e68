"""What each dimension of a sweep has to do with what its trials reached."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from sightline.metrics.catalogue import monitored
from sightline.metrics.documents.sweep import Choice, Study, Trial, keys_of
from sightline.reporting.figures.names import shorten, shortened
from sightline.reporting.figures.style import INK, WIDTH, drawn, nothing, percent
from sightline.reporting.figures.sweep import ended, keep_in_view, reached, value_axis
from sightline.reporting.formatting import monitor_name

COLUMNS, LONGEST = 3, 26


@drawn
def sweep_parallel(found: Study) -> Figure:
    """Draw every complete trial as a line through its values, coloured by what it reached."""
    rows = ended(found, "complete")
    if not rows:
        return nothing("no trial ended with a value")
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.add_subplot()
    keys, colour = keys_of(found["space"]), _colour(found, rows)
    scales = [_Scale(key, found) for key in keys]
    ordered = sorted(rows, key=reached, reverse=found["direction"] == "minimize")
    for row in ordered:  # the best on top
        places = [scale.place(row["values"].get(scale.key)) for scale in scales]
        axes.plot(
            range(len(keys)), places, "-o", color=colour.to_rgba(np.array(reached(row))), linewidth=1.6, markersize=3
        )
    for at, scale in enumerate(scales):
        axes.axvline(at, color=INK, linewidth=0.8, zorder=0)
        for place, text in scale.marks():
            axes.text(at, place, f" {shorten(text, 14)}", fontsize=8, va="center", color=INK,
                      bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5})  # fmt: skip
    axes.set_xticks(range(len(keys)), [_two_lines(key) for key in keys])
    axes.set_yticks([])
    axes.set_xlim(-0.15, len(keys) - 0.5)
    axes.set_ylim(-0.05, 1.05)  # where few trials leave most of it empty, too
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    ticks = percent if monitored(found["metric"]).percent else None
    figure.colorbar(colour, ax=axes, label=monitor_name(found["metric"]), format=ticks, pad=0.02)
    return figure


@drawn
def sweep_slices(found: Study) -> Figure:
    """Draw what trials reached over each dimension by itself, later trials darker."""
    rows, keys = ended(found, "complete"), keys_of(found["space"])
    if not rows:
        return nothing("no trial ended with a value")
    lines = -(-len(keys) // COLUMNS)
    figure = Figure(figsize=(WIDTH, 0.5 + 2.0 * lines), layout="constrained")
    panels = figure.subplots(lines, COLUMNS, squeeze=False, sharey=True).ravel()
    for axes, key in zip(panels, keys, strict=False):
        _slice(axes, _Scale(key, found), rows)
    for axes in panels[len(keys) :]:
        axes.set_visible(False)
    value_axis(panels[0], found)
    keep_in_view(panels[0], [reached(row) for row in rows])
    for axes in panels[COLUMNS::COLUMNS]:
        axes.set_ylabel(monitor_name(found["metric"]))
    return figure


def _slice(axes: Axes, scale: "_Scale", rows: Sequence[Trial]) -> None:
    """One dimension; trials without a value there are left out."""
    own = [(row, value) for row in rows if (value := row["values"].get(scale.key)) is not None]
    if scale.choices:
        places = [float(scale.choices.index(str(value))) for _, value in own]
        axes.set_xticks(range(len(scale.choices)), shortened(scale.choices, 12))
        axes.set_xlim(-0.5, len(scale.choices) - 0.5)
    else:
        places = [float(value) for _, value in own]
        axes.set_xscale("log" if scale.log else "linear")
        if scale.log:
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.xaxis.set_minor_formatter(NullFormatter())
    numbers = [row["number"] for row, _ in own]
    axes.scatter(places, [reached(row) for row, _ in own], c=numbers, cmap="Blues", vmin=-len(rows) / 2, s=22,
                 edgecolors=INK, linewidths=0.3)  # fmt: skip
    axes.set_title(shorten(scale.key, LONGEST), fontsize=9)


class _Scale:
    """Where the values of a dimension stand between 0 and 1."""

    def __init__(self, key: str, found: Study) -> None:
        self.key = key
        words = [text for name, text in found["space"].items() if name.split(" (")[0] == key]
        self.log = any(text.startswith("log") for text in words)
        tried = [row["values"].get(key) for row in ended(found, "complete")]
        values = [value for value in tried if value is not None]
        self.choices = sorted({str(one) for one in values}) if words[0].startswith("categorical") else []
        numbers = [] if self.choices else [self._number(one) for one in values]
        self._low, self._high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)

    def place(self, value: Choice) -> float:
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

    def _number(self, value: float | str) -> float:
        return float(np.log10(float(value))) if self.log else float(value)


def _colour(found: Study, rows: Sequence[Trial]) -> ScalarMappable:
    """Dark is good; the worst tenth shares a colour, so that it does not hide what sets the good ones apart."""
    values = [reached(row) for row in rows]
    low, high = np.quantile(values, [0.1, 1.0] if found["direction"] == "maximize" else [0.0, 0.9])
    name = "viridis_r" if found["direction"] == "maximize" else "viridis"
    return ScalarMappable(Normalize(low, high if high > low else low + 1e-9), colormaps[name])


def _two_lines(key: str) -> str:
    group, _, name = key.rpartition(".")
    return f"{shorten(group, 14)}\n{shorten(name, 14)}" if group else key
