"""Whether the model's probabilities mean what they say: reliability diagram and histograms of confidence."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sightline.metrics.documents.calibration import ReliabilityBin
from sightline.reporting.figures.style import BLUE, INK, RIGHT, WIDTH, WRONG, drawn, nothing, percent

Bins = Sequence[ReliabilityBin]


@drawn
def reliability(
    before: Bins,
    after: Bins,
    *,
    ece_before: float | None = None,
    ece_after: float | None = None,
    null_before: float | None = None,
    null_after: float | None = None,
    counted: str = "images",
) -> Figure:
    """Draw confidence against accuracy before and after calibration, with the number of items below.

    Args:
        before: bins of `calibration.json`: low, high, count, confidence, accuracy, accuracy_low, accuracy_high.
        after: the same after calibration.
        ece_before: expected calibration error, in [0, 1].
        ece_after: the same after calibration.
        null_before: what a perfectly calibrated model would show at this size.
        null_after: the same after calibration.
        counted: what the items are.
    """
    figure = Figure(figsize=(WIDTH, 5.0), layout=ConstrainedLayoutEngine(wspace=0.06))
    (left, right), (left_counts, right_counts) = figure.subplots(
        2, 2, sharex=True, sharey="row", height_ratios=(3.2, 1)
    )
    for axes, counts, bins, title, ece, null in (
        (left, left_counts, before, "Before calibration", ece_before, null_before),
        (right, right_counts, after, "After calibration", ece_after, null_after),
    ):
        _diagram(axes, bins)
        axes.set_title(title, pad=20)
        axes.annotate(
            _errors(ece, null), (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=9
        )
        _counts(counts, bins)
        axes.set_xticks(np.linspace(0, 1, 5))
    left.set_ylabel("accuracy")
    left_counts.set_ylabel(counted)
    return figure


def _errors(ece: float | None, null: float | None) -> str:
    """The calibration error, and what chance alone would show."""
    known = [("ECE", ece), ("of a perfect model", null)]
    return ", ".join(f"{name} {100 * value:.1f} %" for name, value in known if value is not None)


def _diagram(axes: Axes, bins: Bins) -> None:
    """A point with its Wilson interval for each bin that holds images, over the line of equality."""
    filled = [b for b in bins if b["count"] and b["confidence"] is not None and b["accuracy"] is not None]
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--")
    confidence = np.array([b["confidence"] for b in filled], dtype=np.float64)
    accuracy = np.array([b["accuracy"] for b in filled], dtype=np.float64)
    low = np.array([b["accuracy_low"] for b in filled], dtype=np.float64)
    high = np.array([b["accuracy_high"] for b in filled], dtype=np.float64)
    axes.vlines(
        confidence,
        np.minimum(confidence, accuracy),
        np.maximum(confidence, accuracy),
        color=WRONG,
        linewidth=5,
        alpha=0.25,
    )
    # An interval's end may miss its own point by rounding; matplotlib refuses a bar of negative length.
    bars = np.maximum([accuracy - low, high - accuracy], 0)
    axes.errorbar(confidence, accuracy, yerr=bars, fmt="o", color=BLUE, markersize=5, linewidth=1.3, capsize=2.5)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axes.xaxis.set_major_formatter(percent)
    axes.yaxis.set_major_formatter(percent)


def _counts(axes: Axes, bins: Bins) -> None:
    """How many images lie in each bin."""
    low = np.array([b["low"] for b in bins], dtype=np.float64)
    high = np.array([b["high"] for b in bins], dtype=np.float64)
    axes.bar(low, [b["count"] for b in bins], high - low, align="edge", color=BLUE, edgecolor="white", linewidth=0.8)
    axes.set_xlabel("confidence")
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))


@drawn
def confidence(confidences: NDArray[np.floating], right: NDArray[np.bool_]) -> Figure:
    """Draw how sure the model is where it is right, and where it is wrong.

    Args:
        confidences: (n,) the largest probability of each image.
        right: (n,) whether the prediction was right.
    """
    confidences, right = np.asarray(confidences), np.asarray(right, dtype=bool)
    if not len(confidences):
        return nothing("no images")
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    rows = figure.subplots(2, 1, sharex=True)
    for axes, chosen, name, colour in ((rows[0], right, "right", RIGHT), (rows[1], ~right, "wrong", WRONG)):
        axes.hist(
            confidences[chosen], bins=np.linspace(0, 1, 41).tolist(), color=colour, edgecolor="white", linewidth=0.6
        )
        share = np.count_nonzero(chosen) / len(right)
        axes.text(
            0.01, 0.94, f"{np.count_nonzero(chosen):,} {name} ({100 * share:.1f} %)", transform=axes.transAxes, va="top"
        )
        axes.set_ylabel("images")
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    rows[1].set(xlim=(0, 1), xlabel="confidence: the probability of the answer given")
    rows[1].xaxis.set_major_formatter(percent)
    return figure
