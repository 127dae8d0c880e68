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


def test_a_map_of_a_part_lies_on_that_part_and_the_rest_is_dark(undrawn: Callable[..., Figure]):
    whole = np.full((20, 40, 3), 200, dtype=np.uint8)
    figure = undrawn(figures.explanations, [whole], np.ones((1, 6, 6)), ["a"], seen=[(10, 0, 30, 20)])
    original, alone, over = figure.axes
    assert original.images[0].get_array().shape == (20, 40, 3)  # type: ignore[union-attr]
    assert alone.images[0].get_extent() == over.images[1].get_extent() == [9.5, 29.5, 19.5, -0.5]
    assert alone.get_xlim() == over.get_xlim() == (-0.5, 39.5)
    grey = np.asarray(over.images[0].get_array())
    assert (grey[:, 10:30] == 200).all()
    assert (grey[:, :10] < 100).all()
    assert (grey[:, 30:] < 100).all()
    figure = undrawn(figures.explanations, [whole], np.ones((1, 6, 6)), ["a"], seen=[(0, -10, 40, 30)])
    assert figure.axes[1].get_ylim() == (19.5, -0.5), "bars of letterbox are cut off"


@pytest.mark.parametrize(("side", "count", "columns"), [(32, 4, 6), (200, 4, 3), (200, 13, 6)])
def test_large_pictures_get_a_row_of_their_own_while_they_are_few(
    undrawn: Callable[..., Figure], side: int, count: int, columns: int
):
    pictures = [np.zeros((side, side, 3), dtype=np.uint8)] * count
    figure = undrawn(figures.explanations, pictures, np.zeros((count, 2, 2)), ["a"] * count)
    top = max(axes.get_position().y0 for axes in figure.axes)
    assert sum(axes.get_position().y0 == pytest.approx(top) for axes in figure.axes) == columns
