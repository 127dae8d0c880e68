"""The map of embeddings: one point an image, near where the model finds images alike."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.reporting.figures.names import in_legend, shortened, width
from sightline.reporting.figures.style import INK, PALETTE, WIDTH, bare, drawn, nothing

MARKERS: Final = "os^DvPX*<>hdp8"
MOST_IN_LEGEND = 24
NAME_SIZE = 9.0


@drawn
def embedding(points: NDArray[np.floating], labels: NDArray[np.integer], class_names: Sequence[str]) -> Figure:
    """Draw a map of embeddings, each class in its own colour and shape, named where it is densest.

    Args:
        points: (n, 2) places on the map; axes have no unit.
        labels: (n,) indices of classes.
        class_names: (classes,).
    """
    points, labels = np.asarray(points, dtype=np.float64), np.asarray(labels)
    if not len(points):
        return nothing("no images")
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    axes = figure.add_subplot()
    bare(axes)
    size = float(np.clip(9000 / len(points), 5, 26))
    names = shortened(class_names, 18)
    for k in range(len(names)):
        own = points[labels == k]
        colour, marker = PALETTE[k % len(PALETTE)], MARKERS[k // len(PALETTE) % len(MARKERS)]
        if len(own):
            axes.scatter(
                own[:, 0], own[:, 1], s=size, c=colour, marker=marker, alpha=0.75, linewidths=0,
                label=in_legend(names[k]),
            )  # fmt: skip
    _name_classes(axes, points, labels, names)
    if len(class_names) <= MOST_IN_LEGEND:
        figure.legend(loc="outside right upper", markerscale=float(np.sqrt(40 / size)), handletextpad=0.2)
    return figure


def _name_classes(
    axes: Axes, points: NDArray[np.floating], labels: NDArray[np.integer], class_names: Sequence[str]
) -> None:
    """Write names at the classes' medians, the most frequent first, leaving out what would touch another."""
    spread = np.maximum(np.ptp(points, axis=0), 1e-9)
    character, line = spread * (NAME_SIZE * 0.68 / 400, NAME_SIZE * 1.5 / 380)
    placed: list[tuple[float, float, float]] = []
    for k in np.argsort(-np.bincount(labels, minlength=len(class_names)), kind="stable"):
        own = points[labels == k]
        if not len(own):
            continue
        # The image nearest to the medians, so that the name lies on the class even where it has two parts.
        place = own[np.argmin(np.sum(((own - np.median(own, axis=0)) / spread) ** 2, axis=1))]
        half = float(width(class_names[k]) * character / 2)
        if any(abs(place[0] - x) < half + other and abs(place[1] - y) < line for x, y, other in placed):
            continue
        placed.append((float(place[0]), float(place[1]), half))
        halo = [patheffects.withStroke(linewidth=3, foreground="white")]
        axes.text(
            float(place[0]),
            float(place[1]),
            class_names[k],
            ha="center",
            va="center",
            fontsize=NAME_SIZE,
            fontweight="bold",
            color=INK,
            path_effects=halo,
        )
