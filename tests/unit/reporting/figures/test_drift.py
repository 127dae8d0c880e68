"""The figure of what drifted."""

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from sightline.metrics.drift.measure import Policy, Sample, measure_drift
from sightline.metrics.drift.statistics import PIXELS
from sightline.reporting import figures

POLICY = Policy(level=0.05, smallest=0.05, outcome="warn", permutations=999)


def sample(seed: int, shift: float) -> Sample:
    """Images of two classes; shifted ones are brighter and of the second class."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(100, 20, (90, len(PIXELS))).astype(np.float32)
    pixels[:, 0] += shift
    logits = rng.normal([0, 3 * bool(shift)], size=(90, 2))
    return Sample(pixels, logits.astype(np.float32))


def test_what_drifted_has_a_panel_each_before_and_now(undrawn: Callable[..., Figure]):
    before, now = sample(0, 0), sample(1, 30)
    found = measure_drift(before, now, ["cat", "dog"], POLICY)
    figure = undrawn(figures.drift, found, before, now)
    titles = [axes.get_title("left") or axes.get_title() for axes in figure.axes]
    assert {"brightness", "classes"} <= set(titles)
    assert len(titles) == len({row["name"] for row in found["statistics"] if row["drifted"]} - {"features"})
    assert all(len(axes.patches) == 2 for axes, title in zip(figure.axes, titles, strict=True) if title == "brightness")


def test_without_drift_it_says_so(undrawn: Callable[..., Figure]):
    before, now = sample(0, 0), sample(1, 0)
    figure = undrawn(figures.drift, measure_drift(before, now, ["cat", "dog"], POLICY), before, now)
    assert [text.get_text() for text in figure.texts] == ["no single statistic drifted"]
