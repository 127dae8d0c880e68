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
