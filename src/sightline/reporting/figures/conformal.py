"""How large conformal sets are."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from sightline.metrics.documents.calibration import ConformalSets
from sightline.reporting.figures.style import PALETTE, WIDTH, drawn, nothing, percent

MOST_SIZES = 12


@drawn
def set_sizes(entries: Sequence[ConformalSets]) -> Figure:
    """Draw how many classes conformal sets hold, for each promise and method.

    Args:
        entries: `conformal` of `evaluation.json`, measured; of them those that promise over all images.
    """
    shown = [entry for entry in entries if entry["conditional"] == "marginal" and "sizes" in entry]
    if not shown:
        return nothing("no conformal sets were measured")
    alphas = sorted({entry["alpha"] for entry in shown}, reverse=True)
    methods = list(dict.fromkeys(entry["method"] for entry in shown))
    largest = max(np.flatnonzero(entry["sizes"]).max(initial=0) for entry in shown)
    last = int(min(largest, MOST_SIZES))
    figure = Figure(figsize=(WIDTH, 0.7 + 1.7 * len(alphas)), layout="constrained")
    rows = figure.subplots(len(alphas), 1, sharex=True, squeeze=False)[:, 0]
    for axes, alpha in zip(rows, alphas, strict=True):
        for number, method in enumerate(methods):
            (entry,) = (e for e in shown if (e["alpha"], e["method"]) == (alpha, method))
            sizes = np.array(entry["sizes"], dtype=np.float64)
            shares = np.append(sizes[:last], sizes[last:].sum()) / sizes.sum()
            places = np.arange(last + 1) + 0.27 * (number - (len(methods) - 1) / 2)
            label = f"{method.upper()}, {entry['mean_size']:.2f} on average"
            axes.bar(places, shares, 0.25, color=PALETTE[number], label=label)
        axes.set_title(f"{100 * (1 - alpha):g} % promised", fontsize=10)
        axes.set_ylabel("images")
        axes.yaxis.set_major_formatter(percent)
        axes.legend(loc="upper right")
    names = [str(size) for size in range(last)] + [str(last) if largest <= last else f"{last} or more"]
    rows[-1].set_xticks(range(last + 1), names)
    rows[-1].set_xlabel("classes in the set")
    return figure
