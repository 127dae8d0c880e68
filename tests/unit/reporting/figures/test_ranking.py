"""ROC and precision-recall curves against scikit-learn."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from scipy.special import softmax
from sklearn import metrics

from sightline.reporting import figures
from sightline.reporting.figures.ranking import GRID, precision_recall, roc


def names(count: int) -> list[str]:
    return [f"species number {i}" for i in range(count)]


RANDOM = np.random.default_rng(0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_curves_and_areas_are_those_of_scikit_learn(data: st.DataObject):
    n = data.draw(st.integers(2, 40))
    scores = np.array(data.draw(st.lists(st.integers(0, 8), min_size=n, max_size=n)), dtype=np.float64) / 8
    truth = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    truth[:2] = [True, False]
    x, y, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    ours = roc(scores, truth)
    np.testing.assert_allclose(ours.x, x)
    np.testing.assert_allclose(ours.y, y)
    assert ours.area == pytest.approx(metrics.roc_auc_score(truth, scores))
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    ours = precision_recall(scores, truth)
    np.testing.assert_allclose(ours.x, recall[::-1])
    np.testing.assert_allclose(ours.y[1:], precision[::-1][1:])
    assert ours.area == pytest.approx(metrics.average_precision_score(truth, scores))


def test_a_perfect_ranking_stays_at_the_top():
    curve = roc(np.array([0.9, 0.8, 0.2, 0.1]), np.array([True, True, False, False]))
    assert curve.area == 1.0
    assert curve.on_grid[GRID > 0].min() == 1.0


@pytest.mark.parametrize(("classes", "named"), [(2, 1), (7, 7), (30, 10)])
def test_at_most_ten_curves_are_named_and_they_are_the_weakest(
    classes: int, named: int, undrawn: Callable[..., Figure]
):
    labels = RANDOM.integers(0, classes, 600)
    logits = RANDOM.normal(0, 1, (600, classes))
    logits[np.arange(600), labels] += np.linspace(0.1, 4, classes)[labels]
    figure = undrawn(figures.roc_curves, softmax(logits, axis=1), labels, names(classes))
    legend = figure.axes[0].get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    curves = [text for text in texts if text.startswith("species")]
    areas = [float(text.split()[-1]) for text in curves]
    assert len(curves) == named
    assert areas == sorted(areas)
    if classes > 2:
        scores = softmax(logits, axis=1)
        every = [metrics.roc_auc_score(labels == k, scores[:, k]) for k in range(classes)]
        np.testing.assert_allclose(areas, np.sort(every)[:named], atol=5.1e-4)
        assert texts[-1] == f"mean of classes  {np.mean(every):.3f}"
