"""Figures looked at before they become bytes."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from sightline.reporting.figures.style import drawn

Undrawn = Callable[..., Figure]
Overlapping = Callable[[Figure, Iterable[Text]], list[tuple[str, str]]]


@pytest.fixture
def undrawn() -> Undrawn:
    """A function that gives the figure itself, laid out."""

    def get(function: Callable[..., bytes], *args: Any, **kwargs: Any) -> Figure:
        kept: list[Figure] = []

        @drawn
        def keep() -> Figure:
            kept.append(function.__wrapped__(*args, **kwargs))  # type: ignore[attr-defined]
            return kept[0]

        keep()
        return kept[0]

    return get


@pytest.fixture
def overlapping() -> Overlapping:
    """A function that gives the pairs of texts whose ink meets."""

    def find(figure: Figure, texts: Iterable[Text]) -> list[tuple[str, str]]:
        renderer = FigureCanvasAgg(figure).get_renderer()
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text()]
        return [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.shrunk(0.9, 0.9).overlaps(y)]

    return find
