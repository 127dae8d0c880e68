from collections.abc import Callable

from matplotlib.figure import Figure

from sightline.reporting import figures

ROWS = [
    {"kind": "epoch", "epoch": e, "train_loss": 1.0 / (e + 1), "val_loss": 1.1, "val_accuracy": 0.5} for e in range(4)
]


def test_curves_mark_the_kept_epoch_counted_from_one_and_skip_what_is_missing(undrawn: Callable[..., Figure]):
    rows = [row | {"train_accuracy": None} for row in ROWS]
    figure = undrawn(figures.curves, rows, best_epoch=2)
    shown = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_visible()}
    assert set(shown) == {"Loss", "Accuracy"}
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["train", "validation", "kept: epoch 3"]
    assert next(line.get_label() for line in shown["Accuracy"].lines) == "validation"


def test_the_range_test_marks_both_rates_on_a_logarithmic_axis(undrawn: Callable[..., Figure]):
    rates, losses = [1e-4, 1e-3, 1e-2], [2.0, 1.0, 50.0]
    (axes,) = undrawn(figures.lr_range, rates, losses, [2.0, 1.5, 3.0], 1e-3, 6e-3).axes
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()][2:] == ["configured, 0.006", "to try, 0.001"]
    assert axes.get_ylim()[1] < 5, "a loss that diverges does not flatten the rest"
    (alone,) = undrawn(figures.lr_range, rates, losses, [2.0, 2.1, 3.0], None, 6e-3).axes
    assert len(alone.get_legend().get_texts()) == 3
