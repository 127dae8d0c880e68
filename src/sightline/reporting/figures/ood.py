"""How scores spread over images of the run's own data and over those of other data."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sightline.reporting.figures.style import RIGHT, WIDTH, WRONG, drawn, percent


@drawn
def ood(scores: Mapping[str, NDArray[np.floating]], known: NDArray[np.bool_]) -> Figure:
    """Draw how each score spreads over known and unknown images.

    Args:
        scores: (n,) by name.
        known: (n,) whether each image is of the run's own data.
    """
    figure = Figure(figsize=(WIDTH, 1.9 * -(-len(scores) // 2)), layout="constrained")
    panels = figure.subplots(-(-len(scores) // 2), 2, squeeze=False).ravel()
    for axes, (name, values) in zip(panels, scores.items(), strict=False):
        low, high = (float(end) for end in np.quantile(values, [0.002, 0.998]))
        edges = np.linspace(low, high, 41) if low < high else np.linspace(low - 0.5, low + 0.5, 41)
        for part, colour, label in ((known, RIGHT, "known"), (~known, WRONG, "unknown")):
            inside = np.clip(values[part], edges[0], edges[-1])
            shares = np.histogram(inside, edges)[0] / max(1, len(inside))
            axes.stairs(shares, edges, color=colour, fill=True, alpha=0.45, label=label)
        axes.set_title(name, fontsize=10)
        axes.yaxis.set_major_formatter(percent)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    panels[0].legend(loc="upper left")
    for axes in panels[len(scores) :]:
        axes.set_visible(False)
    return figure
