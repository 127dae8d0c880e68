"""What answering only when sure is worth."""

import numpy as np
from matplotlib.figure import Figure

from sightline.metrics.documents.evaluation import RiskCoverage
from sightline.reporting.figures.style import BLUE, INK, WIDTH, drawn, percent


@drawn
def risk_coverage(curve: RiskCoverage) -> Figure:
    """Draw how often answers are wrong when only the surest are given.

    Args:
        curve: `risk_coverage` of `evaluation.json`.
    """
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.add_subplot()
    coverage, risk = np.array(curve["coverage"]), np.array(curve["risk"])
    axes.fill_between(coverage, curve["low"], curve["high"], color=BLUE, alpha=0.2, linewidth=0, label="interval")
    axes.plot(coverage, risk, color=BLUE, label="the surest answers first")
    axes.axhline(risk[-1], color=INK, linewidth=1, linestyle="--", label="answers in any order")
    # A few answers say little, so the band is wide at the left; the curve itself needs the room.
    top = min(max(curve["high"]), 3 * max(curve["high"][-1], float(risk.max()))) or None
    axes.set(xlim=(0, 1.005), ylim=(0, top), xlabel="share of images answered", ylabel="share of answers wrong")
    axes.xaxis.set_major_formatter(percent)
    axes.yaxis.set_major_formatter(percent)
    axes.legend(loc="upper center", ncols=3, bbox_to_anchor=(0.5, 1.14))
    return figure
