from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sightline.reporting import figures

FULL = {
    "low": 0.5,
    "high": 1.0,
    "count": 30,
    "confidence": 0.97,
    "accuracy": 0.9,
    "accuracy_low": 0.74,
    "accuracy_high": 0.97,
}
EMPTY = {"low": 0.0, "high": 0.5, "count": 0} | dict.fromkeys(
    ("confidence", "accuracy", "accuracy_low", "accuracy_high")
)


def test_reliability_shows_filled_bins_with_their_intervals_and_counts(undrawn: Callable[..., Figure]):
    figure = undrawn(figures.reliability, [EMPTY, FULL], [FULL], ece_before=0.034, null_before=0.008)
    before, after, counts, _ = figure.axes
    for axes in (before, after):
        [bars] = axes.containers
        np.testing.assert_allclose(bars[0].get_xydata(), [[0.97, 0.9]])
        [[low, high]] = [collection.get_segments()[0] for collection in bars[2]]
        np.testing.assert_allclose([low, high], [[0.97, 0.74], [0.97, 0.97]])
    assert [patch.get_height() for patch in counts.patches] == [0, 30]
    assert [text.get_text() for text in before.texts] == ["ECE 3.4 %, of a perfect model 0.8 %"]
    assert [text.get_text() for text in after.texts] == [""]


def test_confidence_counts_right_and_wrong_apart(undrawn: Callable[..., Any]):
    figure = undrawn(figures.confidence, np.array([0.9, 0.8, 1.0, 0.3]), np.array([True, True, True, False]))
    counts = [sum(patch.get_height() for patch in axes.patches) for axes in figure.axes]
    assert counts == [3, 1]
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["3 right (75.0 %)", "1 wrong (25.0 %)"]
