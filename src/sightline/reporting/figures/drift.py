"""What drifted: its distributions in the run's held-out images and the new ones, and new images that show it."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.metrics.documents.drift import Drift
from sightline.metrics.drift.measure import Sample, numbers_of
from sightline.metrics.drift.statistics import STATISTICS
from sightline.reporting.figures.sheet import LINE, Sheet
from sightline.reporting.figures.style import BLUE, INK, VERMILLION, WIDTH, drawn, nothing

MOST: Final = 6
COLUMNS: Final = 3
BINS: Final = 30
CLASSES: Final = 10
"""Whose shares are shown: those that changed most."""


@drawn
def drift(found: Drift, reference: Sample, new: Sample) -> Figure:
    """Draw up to six statistics that drifted, the first of the table first, each before (blue) and now.

    Args:
        found: what was measured.
        reference: the run's images.
        new: the images that were judged.
    """
    numbers = numbers_of(reference, new)
    panels = [row for row in found["statistics"] if row["drifted"] and row["name"] != "features"][:MOST]
    if not panels:
        return nothing("no single statistic drifted")
    rows = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(WIDTH, 2.3 * rows), layout="constrained")
    for place, row in enumerate(panels):
        axes = figure.add_subplot(rows, COLUMNS, place + 1)
        if row["name"] in numbers:
            _steps(axes, *numbers[row["name"]])
            axes.set_xlabel(STATISTICS[row["name"]].axis, fontsize=8)
        else:
            _bars(axes, found)
        axes.set_title(row["name"].replace("_", " "), fontsize=9)
        axes.tick_params(labelsize=7)
    handles, labels = [*figure.axes[0].get_legend_handles_labels()]
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


@drawn
def drift_examples(shown: Mapping[str, Sequence[NDArray[np.uint8]]]) -> Figure:
    """Draw new images that show what drifted, a row for each, what it is over the first.

    Args:
        shown: by words such as `darker by 12/255`, images (h, w, 3) as the model sees them.
    """
    if not shown:
        return nothing("no single statistic drifted")
    columns = max(map(len, shown.values()))
    shape = next(iter(shown.values()))[0].shape
    sheet = Sheet(
        len(shown) * columns,
        columns,
        ratio=float(np.clip(shape[0] / shape[1], 0.5, 2.0)),
        above=LINE + 0.06,
        every=columns,
    )
    for row, (words, images) in enumerate(shown.items()):
        for column, image in enumerate(images):
            cell = sheet.cell(row, column)
            cell.show(image)
            if column == 0:
                cell.title(words, INK, WIDTH, image.shape[1::-1])
    return sheet.figure


def _steps(axes: Axes, before: NDArray[np.float32], now: NDArray[np.float32]) -> None:
    """Two histograms, each of area 1, over the same bins."""
    both = np.concatenate([before, now]).astype(np.float64)
    low, high = np.quantile(both, [0.002, 0.998])
    edges = np.linspace(low, max(high, low + 1e-6), BINS + 1)
    for values, colour, label in ((before, BLUE, "the run's images"), (now, VERMILLION, "new images")):
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0] / len(values)
        axes.stairs(counts, edges, color=colour, label=label, linewidth=1.4)
    axes.set_yticks([])


def _bars(axes: Axes, found: Drift) -> None:
    """Shares of the classes that changed most."""
    changed = sorted(found["classes"], key=lambda one: -abs(one["new"] - one["reference"]))[:CLASSES]
    places = np.arange(len(changed))
    for key, side, colour, label in (
        ("reference", -0.2, BLUE, "the run's images"),
        ("new", 0.2, VERMILLION, "new images"),
    ):
        axes.barh(places + side, [float(one[key]) for one in changed], 0.4, color=colour, label=label)  # type: ignore[literal-required]
    axes.set_yticks(places, [one["name"] for one in changed])
    axes.invert_yaxis()
    axes.set_xlabel("share of predictions", fontsize=8)
