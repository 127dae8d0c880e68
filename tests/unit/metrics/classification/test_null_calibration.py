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
    found = null_calibration(given, 0).mean
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
    few, many = null_calibration(binned(200), 0).mean, null_calibration(binned(5000), 0).mean
    assert many["ece"] < 0.4 * few["ece"]


def test_a_seed_repeats():
    assert null_calibration(binned(), 3) == null_calibration(binned(), 3)


def test_certain_answers_leave_nothing_to_chance():
    found = null_calibration(BinnedPredictions.of(np.eye(4)[np.arange(20) % 4], 15), 0).mean
    assert found == pytest.approx(dict.fromkeys(CALIBRATION, 0.0), abs=1e-12)


def test_labels_are_drawn_by_their_probabilities():
    probabilities = np.array([[0.0, 0.2, 0.0, 0.8], [1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    labels = _draw_labels(probabilities, 20_000, np.random.default_rng(0))
    shares = np.stack([np.bincount(row, minlength=4) / 20_000 for row in labels])
    assert shares == pytest.approx(probabilities, abs=0.015)
    assert (shares[probabilities == 0] == 0).all()


def test_a_calibrated_model_shows_more_than_the_high_point_in_one_of_twenty_samples():
    rng, beyond = np.random.default_rng(5), 0
    for seed in range(100):
        given = binned(300)
        labels = (given.probabilities.cumsum(axis=1) > rng.random((300, 1))).argmax(axis=1)
        beyond += Scored(given, labels).values(["ece"])["ece"] > null_calibration(given, seed).high["ece"]
    assert beyond <= 12  # 5, and three standard errors


def test_the_high_point_lies_above_the_mean():
    found = null_calibration(binned(300), 0)
    assert set(found.high) == set(found.mean) - {"log_loss", "brier"}
    assert all(found.high[name] > found.mean[name] for name in found.high)
