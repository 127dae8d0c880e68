"""Confusion matrices and classes: readable from two classes to a hundred."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sightline.reporting import figures


def names(count: int) -> list[str]:
    return [f"species number {i}" for i in range(count)]


def matrix(classes: int) -> np.ndarray:
    return np.diag(np.full(classes, 90)) + np.random.default_rng(classes).poisson(0.5, (classes, classes))


def entries(classes: int) -> list[dict[str, Any]]:
    values = np.linspace(0.3, 0.98, classes)[::-1]
    return [
        {"class": name, "support": 100, "f1": {"value": value, "low": value - 0.02, "high": min(1.0, value + 0.02)}}
        for name, value in zip(names(classes), values.tolist(), strict=True)
    ]


@pytest.mark.parametrize("classes", [2, 3, 10, 25, 60, 100])
def test_confusion_is_readable_at_any_number_of_classes(
    classes: int, undrawn: Callable[..., Figure], overlapping: Callable[..., Any]
):
    figure = undrawn(figures.confusion, matrix(classes), names(classes), normalised=True)
    axes = figure.axes[0]
    shown = [text for text in axes.texts if "named" not in text.get_text()]
    ticks = [axes.get_xticklabels(), axes.get_yticklabels()]
    assert len(ticks[0]) == len(ticks[1]) >= min(classes, 40)
    for texts in [*ticks, shown]:
        assert overlapping(figure, texts) == []
    assert bool(shown) == (classes <= 25), "numbers where they fit, a colour bar where they do not"
    assert len(figure.axes) == (1 if shown else 2)
    assert max(figure.get_size_inches()) < 9


def test_confusion_writes_small_shares_and_leaves_zeros_empty(undrawn: Callable[..., Figure]):
    figure = undrawn(figures.confusion, [[999, 1], [0, 10]], names(2), normalised=True)
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["100", "100", "<1"]


@pytest.mark.parametrize("count", [7, 1_234_567, 12_345_678_901_234])
def test_large_counts_fit_their_cells_or_are_left_out(count: int, undrawn: Callable[..., Figure]):
    figure = undrawn(figures.confusion, np.full((12, 12), count), names(12), normalised=False)
    axes = figure.axes[0]
    renderer = FigureCanvasAgg(figure).get_renderer()
    cell = axes.get_window_extent(renderer).width / 12
    assert all(text.get_window_extent(renderer).width < cell for text in axes.texts)
    assert len(axes.texts) == (144 if count < 1e12 else 0)


def test_of_a_thousand_classes_those_confused_most_are_drawn(undrawn: Callable[..., Figure]):
    counts = np.diag(np.full(1000, 50))
    counts[700, 3] = counts[12, 999] = 20
    figure = undrawn(figures.confusion, counts, names(1000), normalised=True)
    axes = figure.axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert len(labels) == 40
    assert {"species number 3", "species number 700", "species number 12", "species number 999"} <= set(labels)
    assert axes.get_title(loc="left").endswith("the 40 of 1,000 most confused")
    shown = axes.images[0].get_array()
    assert shown is not None
    assert shown[labels.index("species number 700"), labels.index("species number 3")] == pytest.approx(100 * 20 / 70)


def test_class_names_are_words_not_mathematics(undrawn: Callable[..., Figure]):
    figure = undrawn(figures.confusion, matrix(3), ["$5 and $x^2$", "_hidden", "a " * 40], normalised=False)
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels[:2] == ["$5 and $x^2$", "_hidden"]
    assert len(labels[2]) <= 28


@pytest.mark.parametrize("classes", [1, 10, 100])
def test_per_class_shows_the_weakest_first_and_at_most_forty(
    classes: int, undrawn: Callable[..., Figure], overlapping: Callable[..., Any]
):
    figure = undrawn(figures.per_class, entries(classes))
    axes = figure.axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels[0].startswith(f"species number {classes - 1}")
    assert len(labels) == min(classes, 40)
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first row is on top"
    assert overlapping(figure, axes.get_yticklabels()) == []


def test_a_class_without_an_f1_has_no_bar(undrawn: Callable[..., Figure]):
    first, *others = entries(4)
    undefined = {"value": None, "low": None, "high": None, "level": 0.95, "method": "undefined"}
    axes = undrawn(figures.per_class, [first | {"support": 0, "f1": undefined}, *others]).axes[0]
    assert len(axes.get_yticklabels()) == 3


@pytest.mark.parametrize("of", ["images", "pixels"])
def test_confusion_says_what_is_counted(undrawn: Callable[..., Figure], of: str):
    figure = undrawn(figures.confusion, matrix(3), names(3), normalised=False, of=of)
    assert figure.axes[0].get_title(loc="left") == f"Number of {of}"
