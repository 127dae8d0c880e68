"""How well each class is told from the rest at every threshold: ROC and precision-recall curves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.metrics.classification.bands import GRID
from sightline.reporting.figures.names import in_legend, shortened
from sightline.reporting.figures.style import BLACK, GREY, WIDTH, drawn, line_styles, nothing

MOST_NAMED = 10
Band = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Curve:
    """One class against the rest: the curve on `GRID`, the points themselves, the area."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    on_grid: NDArray[np.float64]
    area: float


Maker = Callable[[NDArray[np.float64], NDArray[np.bool_], str], Curve]


def hits(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """True and false positives when everything down to each distinct score is called positive, highest first."""
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true = np.cumsum(truth[order], dtype=np.float64)[last_of_ties]
    return true, last_of_ties + 1 - true


def roc(scores: NDArray[np.float64], truth: NDArray[np.bool_], name: str = "") -> Curve:
    """False against true positive rate; the area by the trapezoidal rule."""
    true, false = (np.append(0.0, values) for values in hits(scores, truth))
    x, y = false / false[-1], true / true[-1]
    return Curve(name, x, y, np.interp(GRID, x, y), float(np.trapezoid(y, x)))


def precision_recall(scores: NDArray[np.float64], truth: NDArray[np.bool_], name: str = "") -> Curve:
    """Recall against precision; the area is average precision, the sum of steps, without interpolation."""
    true, false = hits(scores, truth)
    recall, precision = true / true[-1], true / (true + false)
    x, y = np.append(0.0, recall), np.append(1.0, precision)
    area = float(np.sum(np.diff(x) * precision))
    return Curve(name, x, y, precision[np.searchsorted(recall, GRID)], area)


@drawn
def roc_curves(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    class_names: Sequence[str],
    band: Band | None = None,
) -> Figure:
    """Draw ROC curves, one class against the rest; the ten weakest are named, the mean of all is bold.

    Args:
        probabilities: (n, classes).
        labels: (n,) indices of classes.
        class_names: (classes,).
        band: limits around the mean, as `curve_bands` has them.
    """
    curves = _one_against_rest(probabilities, labels, class_names, roc)
    if not curves:
        return nothing("ROC curves need images of at least two classes")
    figure, axes = _frame("false positive rate", "true positive rate (recall)")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
    _draw(axes, curves, "AUC", band)
    mean = np.mean([curve.on_grid for curve in curves], axis=0)
    if float(np.interp(0.1, GRID, mean)) > 0.85:
        _enlarge(axes, curves, band)
    return figure


@drawn
def pr_curves(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    class_names: Sequence[str],
    band: Band | None = None,
) -> Figure:
    """Draw precision-recall curves, one class against the rest; the ten weakest are named, the mean of all is bold.

    Args:
        probabilities: (n, classes).
        labels: (n,) indices of classes.
        class_names: (classes,).
        band: limits around the mean, as `curve_bands` has them.
    """
    curves = _one_against_rest(probabilities, labels, class_names, precision_recall)
    if not curves:
        return nothing("precision-recall curves need images of at least two classes")
    figure, axes = _frame("recall", "precision")
    _draw(axes, curves, "AP", band)
    return figure


def _one_against_rest(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], class_names: Sequence[str], curve: Maker
) -> list[Curve]:
    """A curve for each class that has images and is not alone, the weakest first; of two classes only the second."""
    scores, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    classes = [1] if len(class_names) == 2 else range(len(class_names))
    present = [k for k in classes if 0 < np.count_nonzero(labels == k) < len(labels)]
    curves = [curve(scores[:, k], labels == k, class_names[k]) for k in present]
    return sorted(curves, key=lambda one: one.area)


def _frame(x: str, y: str) -> tuple[Figure, Axes]:
    """A square plot of two rates with room for names at its right."""
    figure = Figure(figsize=(WIDTH, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.015), aspect="equal")
    return figure, axes


def _lines(axes: Axes, curves: Sequence[Curve], band: Band | None) -> None:
    """The weakest in colour, the others grey behind them, the mean with its band on top."""
    for curve in curves[MOST_NAMED:]:
        axes.plot(GRID, curve.on_grid, color=GREY, linewidth=0.7, alpha=0.6, zorder=1)
    named = curves[:MOST_NAMED]
    names = shortened([curve.name for curve in named], 20)
    for curve, name, (colour, dash) in zip(named, names, line_styles(len(named)), strict=True):
        label = in_legend(f"{name}  {curve.area:.3f}")
        axes.plot(curve.x, curve.y, color=colour, linestyle=dash, linewidth=1.5, label=label)
    if band is not None:
        middle = np.mean([curve.on_grid for curve in curves], axis=0)
        ends = (np.clip(middle + end, 0, 1) for end in band)
        axes.fill_between(GRID, *ends, color=BLACK, alpha=0.18, linewidth=0, label="interval of the mean", zorder=2)
    if len(curves) > 1:
        mean, label = np.mean([c.on_grid for c in curves], axis=0), f"mean of classes  {_mean_area(curves):.3f}"
        axes.plot(GRID, mean, color=BLACK, linewidth=2.6, label=label, zorder=3)


def _mean_area(curves: Sequence[Curve]) -> float:
    return float(np.mean([curve.area for curve in curves]))


def _draw(axes: Axes, curves: Sequence[Curve], area: str, band: Band | None) -> None:
    """The lines, and their names with the areas at the right."""
    _lines(axes, curves, band)
    more = len(curves) - MOST_NAMED
    title = f"{area}, weakest first" + (f"\n({more} more in grey)" if more > 0 else "") if len(curves) > 1 else area
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), title=title, alignment="left")
    legend.get_title().set_fontsize(9)


def _enlarge(axes: Axes, curves: Sequence[Curve], band: Band | None) -> None:
    """The corner in which good models crowd, once more and larger."""
    corner = axes.inset_axes((0.40, 0.10, 0.56, 0.56), xlim=(0, 0.2), ylim=(0.8, 1.002))
    _lines(corner, curves, band)
    corner.set_title("upper left corner", fontsize=9, fontweight="normal")
    corner.tick_params(labelsize=8)
    for connector in axes.indicate_inset_zoom(corner, edgecolor=GREY).connectors or ():
        connector.set_visible(False)
