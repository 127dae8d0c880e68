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
    drawn_titles = [*figure.axes[0].texts]
    assert len(drawn_titles) == 4
    assert overlapping(figure, drawn_titles) == []
    assert all(title.get_text().endswith("97%") for title in drawn_titles)
    assert all(title.get_text().startswith("✗") for title in drawn_titles), "not by colour alone"


def test_pictures_are_shown_whole_and_in_their_shape(undrawn: Callable[..., Figure]):
    figure = undrawn(figures.explanations, images(3), np.zeros((3, 6, 8)), ["a"] * 3)
    boxes = [image.get_window_extent() for image in figure.axes[0].images]
    assert len(boxes) == 3 * 4, "the last of three lies on the picture in grey"
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y1 <= figure.bbox.height
        assert box.width / box.height == pytest.approx(16 / 12)


def test_explanations_come_in_threes_and_bear_any_map(undrawn: Callable[..., Figure]):
    maps = np.array([[[np.nan, 2.0], [-1.0, 0.5]]])
    figure = undrawn(figures.explanations, images(1), maps, ["cat"])
    _, alone, _, over = figure.axes[0].images
    heat = alone.get_array()
    assert heat is not None
    np.testing.assert_array_equal(heat, over.get_array())
    np.testing.assert_array_equal(heat, [[0, 1], [0, 0.5]])


def test_a_map_of_a_part_lies_on_that_part_and_the_rest_is_dark(undrawn: Callable[..., Figure]):
    whole = np.full((20, 40, 3), 200, dtype=np.uint8)
    figure = undrawn(figures.explanations, [whole], np.ones((1, 6, 6)), ["a"], seen=[(10, 0, 30, 20)])
    original, alone, grey, over = figure.axes[0].images
    assert original.get_array().shape == (20, 40, 3)  # type: ignore[union-attr]
    for heat, picture in ((alone.get_window_extent(), None), (over.get_window_extent(), grey.get_window_extent())):
        assert heat.width / heat.height == pytest.approx(1)
        if picture is not None:
            inside = np.array([heat.x0 - picture.x0, picture.x1 - heat.x1, picture.width]) / picture.width
            np.testing.assert_allclose(inside, [10 / 40, 10 / 40, 1])
    pixels = np.asarray(grey.get_array())
    assert (pixels[:, 10:30] == 200).all()
    assert (pixels[:, :10] < 100).all()
    assert (pixels[:, 30:] < 100).all()
    (filled,) = figure.axes[0].patches
    assert filled.get_window_extent().width == pytest.approx(2 * alone.get_window_extent().width), "grey beside the map"


def test_bars_of_letterbox_are_cut_off(undrawn: Callable[..., Figure]):
    whole = np.full((20, 40, 3), 200, dtype=np.uint8)
    figure = undrawn(figures.explanations, [whole], np.ones((1, 6, 6)), ["a"], seen=[(0, -10, 40, 30)])
    _, alone, grey, over = figure.axes[0].images
    for heat in (alone, over):
        seen = heat.get_clip_box()
        assert seen is not None
        assert heat.get_window_extent().height == pytest.approx(2 * seen.height)
        assert (seen.width, seen.height) == pytest.approx(
            (grey.get_window_extent().width, grey.get_window_extent().height)
        )


@pytest.mark.parametrize(("side", "count", "columns"), [(32, 4, 6), (200, 4, 3), (200, 13, 6)])
def test_large_pictures_get_a_row_of_their_own_while_they_are_few(
    undrawn: Callable[..., Figure], side: int, count: int, columns: int
):
    pictures = [np.zeros((side, side, 3), dtype=np.uint8)] * count
    figure = undrawn(figures.explanations, pictures, np.zeros((count, 2, 2)), ["a"] * count)
    boxes = [image.get_window_extent() for image in figure.axes[0].images]
    top = max(box.y0 for box in boxes)
    across = {round(box.x0) for box in boxes if box.y0 == pytest.approx(top)}
    assert len(across) == columns
