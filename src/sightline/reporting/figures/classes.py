"""What happens to each class: how often it occurs, what it is taken for, how well it is found."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sightline.metrics.documents.evaluation import ClassScores
from sightline.metrics.documents.interval import IntervalJson
from sightline.reporting.figures.names import shortened, width
from sightline.reporting.figures.style import (
    BLUE,
    GREY,
    INK,
    POINTS_PER_INCH,
    SEQUENTIAL,
    WIDTH,
    drawn,
    nothing,
    percent,
    thinned,
)

MOST_ROWS = 40
MOST_CELLS = 100
"""Classes of a whole confusion matrix; of more, those are drawn that are confused most."""
SMALLEST_NUMBER = 5.5
"""Points: a number in a cell that would be smaller than this is left out."""


@drawn
def confusion(
    matrix: Sequence[Sequence[int]] | NDArray[np.integer],
    class_names: Sequence[str],
    *,
    normalised: bool,
    of: str = "images",
) -> Figure:
    """Draw a confusion matrix; of more than a hundred classes, of the 40 that are confused most often.

    Args:
        matrix: (classes, classes) counts, rows = truth.
        class_names: names in the order of the rows.
        normalised: show each row as percent of its sum; otherwise counts.
        of: what is counted.
    """
    counts = np.asarray(matrix, dtype=np.float64)
    kept = _most_confused(counts)
    classes, part = len(kept), f": the {len(kept)} of {len(counts):,} most confused" if len(kept) < len(counts) else ""
    shown = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) if normalised else counts
    shown = shown[np.ix_(kept, kept)]
    side = float(np.clip(0.52 * classes, 2.2, 6.3))
    figure = Figure(figsize=(side + 1.9, side + 1.3), layout="constrained")
    axes = figure.add_subplot()
    # The square root opens up the small values: the mistakes are what one looks for.
    image = axes.imshow(shown, cmap=SEQUENTIAL, norm=PowerNorm(0.5, vmin=0, vmax=max(float(shown.max()), 1e-9)))
    pitch = side * POINTS_PER_INCH / classes
    _name_ticks(axes, [class_names[k] for k in kept], pitch)
    axes.grid(visible=False)
    axes.set(xlabel="predicted", ylabel="truth")
    axes.set_title(("Percent of each true class" if normalised else f"Number of {of}") + part)
    if not _write_numbers(axes, shown, pitch):
        bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
        bar.ax.yaxis.set_major_locator(MaxNLocator(5, integer=not normalised))
    return figure


def _most_confused(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """(k,) classes whose rows and columns are drawn: all, or those of the most frequent mistakes, in their order."""
    if len(counts) <= MOST_CELLS:
        return np.arange(len(counts))
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, 0)
    commonest = np.argsort(-mistakes, axis=None, kind="stable")[: MOST_ROWS * MOST_ROWS]
    pairs = np.stack(np.unravel_index(commonest, counts.shape), axis=1)
    return np.sort(np.array(list(dict.fromkeys(pairs.ravel().tolist()))[:MOST_ROWS], dtype=np.int64))


def _write_numbers(axes: Axes, shown: NDArray[np.float64], pitch: float) -> bool:
    """Write the values into the cells if they fit, zeros left empty; say whether they did."""
    texts = np.array([[f"{value:.0f}" for value in row] for row in shown])
    longest = max(len(text) for text in texts.flat)
    size = min(10.0, 0.5 * pitch, 0.85 * pitch / (0.64 * longest))
    if size < SMALLEST_NUMBER:
        return False
    dark = np.sqrt(shown / max(shown.max(), 1e-9)) > 0.55
    for row, column in zip(*np.nonzero(shown), strict=True):
        text = "<1" if texts[row, column] == "0" else texts[row, column]
        colour = "white" if dark[row, column] else INK
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)
    return True


def _name_ticks(axes: Axes, class_names: Sequence[str], pitch: float) -> None:
    """Name as many classes as there is room for, the same on both sides."""
    size = float(np.clip(0.8 * pitch, 6.5, 9.5))
    ticks = thinned(len(class_names), pitch, size)
    names = shortened(class_names, 28 if len(class_names) < 8 else 18)
    labels = [names[i] for i in ticks]
    axes.set_xticks(list(ticks), labels, rotation=90 if pitch < 50 or max(map(width, labels)) > 8 else 0, fontsize=size)
    axes.set_yticks(list(ticks), labels, fontsize=size)
    axes.tick_params(length=0)
    if ticks.step > 1:
        axes.annotate(
            f"one class in {ticks.step} is named", (1, 1), xycoords="axes fraction", xytext=(0, 4),
            textcoords="offset points", ha="right", fontsize=8, color=GREY,
        )  # fmt: skip


@drawn
def per_class(entries: Sequence[ClassScores]) -> Figure:
    """Draw the F1 of each class with its interval, the weakest on top; at most the 40 weakest.

    Args:
        entries: `per_class` of `evaluation.json`.
    """
    known = sorted((e for e in entries if e["f1"]["value"] is not None), key=lambda e: e["f1"]["value"] or 0.0)
    if not known:
        return nothing("no class has an F1")
    shown = known[:MOST_ROWS]
    values = np.array([e["f1"]["value"] for e in shown], dtype=np.float64)
    low = np.array([_bound(e["f1"], "low") for e in shown])
    high = np.array([_bound(e["f1"], "high") for e in shown])
    mean = float(np.mean([e["f1"]["value"] or 0.0 for e in known]))
    figure = Figure(figsize=(WIDTH, 1.1 + 0.27 * len(shown)), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(shown))
    axes.axvline(mean, color=GREY, linewidth=1.2, linestyle="--")
    axes.annotate(
        f"mean of classes {100 * mean:.1f} %", (mean, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
        textcoords="offset points", ha="right" if mean > 0.5 else "left", fontsize=9, color=INK,
    )  # fmt: skip
    axes.hlines(places, low, high, color=BLUE, linewidth=2, alpha=0.55)
    axes.plot(values, places, "o", color=BLUE, markersize=6)
    names = shortened([e["class"] for e in shown], 24)
    axes.set_yticks(places, [f"{name}  ({e['support']})" for name, e in zip(names, shown, strict=True)])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(percent)
    axes.set_xlabel("F1 with its interval; number of images in brackets")
    if len(shown) < len(known):
        axes.set_title(f"The {len(shown)} weakest of {len(known)} classes", pad=18)
    return figure


def _bound(interval: IntervalJson, side: Literal["low", "high"]) -> float:
    """One end of an interval; where there is none, the value itself."""
    end = interval.get(side)
    return (interval["value"] or 0.0) if end is None else end


@drawn
def class_balance(counts: Mapping[str, Sequence[int]], class_names: Sequence[str]) -> Figure:
    """Draw how many images each class has in each split, the most frequent on top.

    Args:
        counts: for each split, the number of images of each class.
        class_names: names in the order of the counts.
    """
    splits = {name: np.asarray(values) for name, values in counts.items() if sum(values)}
    if not splits:
        return nothing("no images")
    order = np.argsort(-np.sum(list(splits.values()), axis=0), kind="stable")
    classes = len(order)
    height = float(np.clip(0.26 * classes, 1.2, 7.0))
    figure = Figure(figsize=(WIDTH, height + 0.9), layout="constrained")
    panels = figure.subplots(1, len(splits), sharey=True, squeeze=False)[0]
    pitch = height * POINTS_PER_INCH / classes
    for axes, (name, values) in zip(panels, splits.items(), strict=True):
        bars = axes.barh(np.arange(classes), values[order], height=0.78 if classes <= MOST_ROWS else 1.0, color=BLUE)
        if pitch > 12:
            axes.bar_label(bars, fontsize=8, padding=2, color=INK)
            axes.margins(x=0.32)
        axes.set_title(f"{name}\n{int(values.sum()):,} images", fontsize=10)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    ticks = thinned(classes, pitch, 8)
    names = shortened(class_names, 20)
    panels[0].set_yticks(list(ticks), [names[order[i]] for i in ticks], fontsize=min(9.0, max(pitch, 7.5)))
    panels[0].set_ylim(classes - 0.5, -0.5)
    return figure
