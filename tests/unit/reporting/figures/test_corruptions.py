from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from sightline.reporting import figures

IMAGE = np.random.default_rng(0).integers(0, 255, (12, 16, 3), dtype=np.uint8)


NAMES = ("Fog", "Elastic transform", "Snow", "Frost", "Contrast", "Pixelate")


@pytest.mark.parametrize(("severities", "rows"), [((3,), 2), ((1, 5), 3), ((1, 2, 3), 6), ((1, 2, 3, 4, 5), 6)])
def test_every_corruption_and_severity_has_a_cell(
    undrawn: Callable[..., Figure], severities: tuple[int, ...], rows: int
):
    figure = undrawn(figures.corruptions, IMAGE, {name: [IMAGE] * len(severities) for name in NAMES}, severities)
    titles = [text.get_text() for text in figure.axes[0].texts]
    of_severities = [f"severity {one}" for one in severities]
    several = [title for name in NAMES for title in (name, *of_severities)]
    assert titles == (["as it is", *NAMES] if len(severities) == 1 else several)
    boxes = [image.get_window_extent() for image in figure.axes[0].images]
    assert len(boxes) == len(titles)
    assert len({round(box.y0, 3) for box in boxes}) == rows
    assert min(box.y0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= figure.bbox.width


def test_no_corruption_is_said(undrawn: Callable[..., Figure]):
    figure = undrawn(figures.corruptions, IMAGE, {}, (1,))
    assert [text.get_text() for text in [*figure.texts, *(one for axes in figure.axes for one in axes.texts)]]
