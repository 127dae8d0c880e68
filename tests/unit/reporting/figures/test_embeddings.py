from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from sightline.reporting import figures


def names(count: int) -> list[str]:
    return [f"species number {i}" for i in range(count)]


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("classes", [4, 100])
def test_names_on_the_map_do_not_cover_each_other(
    classes: int, undrawn: Callable[..., Figure], overlapping: Callable[..., Any]
):
    points = np.concatenate([RANDOM.normal(RANDOM.normal(0, 5, 2), 1, (20, 2)) for _ in range(classes)])
    figure = undrawn(figures.embedding, points, np.repeat(np.arange(classes), 20), names(classes))
    texts = figure.axes[0].texts
    assert len(texts) > 2
    assert overlapping(figure, texts) == []
    assert bool(figure.legends) == (classes < 25)
