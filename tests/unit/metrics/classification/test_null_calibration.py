import numpy as np
import pytest
from scipy.special import softmax

from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.null_calibration import _draw_labels, null_calibration
from sightline.metrics.classification.scoring import CALIBRATION, Scored


def binned(n=400, classes=6, scale=2.0):
    return BinnedPredictions.of(softmax(np.random.default_rng(0).normal(size=(n, classes)) * scale, axis=1), 15)


def test_it_is_the_mean_of_what_drawn_labels_show():
    given = binned()
    found = null_calibration(given, 0)
    rng = np.random.default_rng(1)
    shown = []
    for _ in range(300):
        labels = np.array([rng.choice(6, p=row) for row in given.probabilities])
        shown.append(Scored(given, labels).values(CALIBRATION))
    assert set(found) == set(CALIBRATION)
    for name, value in found.items():
        drawn = np.array([each[name] for each in shown])
        assert value == pytest.approx(drawn.mean(), abs=5 * drawn.std() / np.sqrt(300) + 1e-12), name
    assert abs(found["ece_debiased"]) < 0.1 * found["ece"]


def test_more_items_show_less():
    few, many = null_calibration(binned(200), 0), null_calibration(binned(5000), 0)
    assert many["ece"] < 0.4 * few["ece"]


def test_a_seed_repeats():
    assert null_calibration(binned(), 3) == null_calibration(binned(), 3)


def test_certain_answers_leave_nothing_to_chance():
    found = null_calibration(BinnedPredictions.of(np.eye(4)[np.arange(20) % 4], 15), 0)
    assert found == pytest.approx(dict.fromkeys(CALIBRATION, 0.0), abs=1e-12)


def test_labels_are_drawn_by_their_probabilities():
    probabilities = np.array([[0.0, 0.2, 0.0, 0.8], [1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    labels = _draw_labels(probabilities, 20_000, np.random.default_rng(0))
    shares = np.stack([np.bincount(row, minlength=4) / 20_000 for row in labels])
    assert shares == pytest.approx(probabilities, abs=0.015)
    assert (shares[probabilities == 0] == 0).all()
