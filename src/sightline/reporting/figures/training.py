"""How training went: loss, accuracy, F1 and learning rate over the epochs."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sightline.metrics.catalogue import MONITORED, monitored
from sightline.metrics.documents.freezing import FreezingRow
from sightline.reporting.figures.names import shortened
from sightline.reporting.figures.style import BLACK, GREY, INK, TRAIN, VAL, WIDTH, drawn, nothing, percent

Rows = Sequence[Mapping[str, float | str]]

PANELS = (
    *((metric.label, f"train_{metric.name}", f"val_{metric.name}") for metric in map(monitored, MONITORED)),
    ("Learning rate", "lr", None),
)


@drawn
def freezing(rows: Sequence[FreezingRow], epochs: int) -> Figure:
    """Draw from which epoch each layer group trains, and at which share of the learning rate.

    Args:
        rows: of the layer groups, stem first: `group`, `parameters`, `rate`, `from_epoch` (None is never).
        epochs: how many there will be.
    """
    figure = Figure(figsize=(WIDTH, 0.9 + 0.27 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        start = epochs if row["from_epoch"] is None else row["from_epoch"]
        axes.barh(place, start, color="#e8ebee", height=0.72)
        axes.barh(place, epochs - start, left=start, color=TRAIN, height=0.72)
        if start < epochs:
            axes.text(epochs, place, f" \N{MULTIPLICATION SIGN} {row['rate']:.3g}", va="center", fontsize=9, color=INK)
    names = shortened([row["group"] for row in rows], 24)
    sizes = [_millions(row["parameters"]) for row in rows]
    axes.set_yticks(range(len(rows)), [f"{name}  ({size})" for name, size in zip(names, sizes, strict=True)])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(0, epochs)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.set_xlabel("epochs; orange: trains, at that share of the learning rate; parameters in brackets")
    axes.grid(visible=False, axis="y")
    return figure


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M" if count >= 1e5 else f"{count / 1e3:.1f} k"


@drawn
def curves(rows: Rows, *, best_epoch: int | None = None) -> Figure:
    """Draw the curves of a training, the kept epoch marked.

    Args:
        rows: the rows of `metrics.jsonl`; only those of kind `epoch` are used, and a value may be missing or None.
        best_epoch: the epoch whose weights were kept, counted from 0 as in the rows.
    """
    rows = [row for row in rows if row.get("kind", "epoch") == "epoch"]
    panels = [panel for panel in PANELS if any(_series(rows, key)[0] for key in panel[1:] if key)]
    if not panels:
        return nothing("no epoch has ended yet")
    lines = -(-len(panels) // 2)
    figure = Figure(figsize=(WIDTH, 0.5 + 2.35 * lines), layout="constrained")
    cells = figure.subplots(lines, 2, squeeze=False).flat
    for axes, (title, train, val) in zip(cells, panels, strict=False):
        _panel(axes, rows, title, train, val, None if best_epoch is None else best_epoch + 1)
    for axes in list(cells)[len(panels) :]:
        axes.set_visible(False)
    handles = {
        label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=len(handles))
    return figure


def _series(rows: Rows, key: str) -> tuple[list[int], list[float]]:
    """Epochs, counted from 1 as in the log, and values of one column, without what is missing."""
    known = [(int(row["epoch"]) + 1, float(row[key])) for row in rows if row.get(key) is not None]
    return [epoch for epoch, _ in known], [value for _, value in known]


def _panel(axes: Axes, rows: Rows, title: str, train: str, val: str | None, kept: int | None) -> None:
    """One column for train and one for val."""
    for key, label, colour in ((train, "train" if val else "", TRAIN if val else INK), (val, "validation", VAL)):
        epochs, values = _series(rows, key) if key else ([], [])
        if epochs:
            marker = "o" if len(epochs) < 25 else ""
            axes.plot(epochs, values, color=colour, marker=marker, markersize=3.5, label=label or None)
            if key == val and kept in epochs:
                axes.plot(
                    [kept], [values[epochs.index(kept)]], "*", color=VAL, markersize=13,
                    markeredgecolor=BLACK, markeredgewidth=0.7, zorder=3,
                )  # fmt: skip
    if kept is not None:
        axes.axvline(kept, color=GREY, linewidth=1, linestyle="--", label=f"kept: epoch {kept}", zorder=1)
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, min_n_ticks=1))
    if val is not None and monitored(val).percent:
        axes.yaxis.set_major_formatter(percent)
    elif val is None:
        axes.set_ylim(bottom=0)
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))


@drawn
def lr_range(
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    suggestion: float | None,
    configured: float,
) -> Figure:
    """Draw the loss against the learning rate of a range test, on a logarithmic axis.

    Args:
        rates: (n,) of the steps.
        losses: (n,) before each step.
        smoothed: (n,) their mean around each step, from which the height of the picture is taken.
        suggestion: the rate to try, or None.
        configured: the rate that is set.
    """
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(rates, losses, color=GREY, linewidth=0.8, label="loss of a step")
    axes.plot(rates, smoothed, color=TRAIN, linewidth=1.8, label="mean of eleven steps")
    axes.axvline(configured, color=INK, linestyle=":", linewidth=1.2, label=f"configured, {configured:g}")
    if suggestion is not None:
        axes.axvline(suggestion, color=VAL, linestyle="--", linewidth=1.2, label=f"to try, {suggestion:g}")
    low, start = min(smoothed), smoothed[0]
    axes.set_ylim(low - 0.15 * (start - low) - 0.02 * abs(start), start + 0.6 * (start - low) + 0.05 * abs(start))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss")
    axes.legend(loc="lower left")
    return figure
