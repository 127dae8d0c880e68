from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from sightline.reporting import figures


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (count, 12, 16, 3), dtype=np.uint8)


def test_titles_stay_within_their_image_and_keep_the_number(
    undrawn: Callable[..., Figure], overlapping: Callable[..., Any]
):
    titles = ["Scottish deerhound of the northern forests, a long name\ntaken for Norwegian elkhound, 97%"] * 4
    figure = undrawn(figures.explanations, images(4), np.zeros((4, 6, 8)), titles, right=[False] * 4)
    drawn_titles = [axes._left_title for axes in figure.axes[::3]]  # type: ignore[attr-defined]
    assert overlapping(figure, drawn_titles) == []
    assert all(title.get_text().endswith("97%") for title in drawn_titles)
    assert all(title.get_text().startswith("✗") for title in drawn_titles), "not by colour alone"


def test_pictures_are_shown_whole_and_in_their_shape(undrawn: Callable[..., Figure]):
    figure = undrawn(figures.explanations, images(3), np.zeros((3, 6, 8)), ["a"] * 3)
    width, height = figure.get_size_inches()
    for axes in figure.axes:
        box = axes.get_position()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= 1
        assert box.y1 <= 1
        assert (box.width * width) / (box.height * height) == pytest.approx(16 / 12)


def test_explanations_come_in_threes_and_bear_any_map(undrawn: Callable[..., Figure]):
    maps = np.array([[[np.nan, 2.0], [-1.0, 0.5]]])
    figure = undrawn(figures.explanations, images(1), maps, ["cat"])
    assert len(figure.axes) == 3
    heat = figure.axes[1].images[0].get_array()
    assert heat is not None
    np.testing.assert_array_equal(heat, [[0, 1], [0, 0.5]])
