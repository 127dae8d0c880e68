import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.isotonic import IsotonicRegression

from sightline.calibration.alternatives import (
    PENALTY,
    compare_calibrators,
    isotonic_regression,
    temperature_scaling,
    vector_scaling,
)
from sightline.calibration.temperature import fit_temperature
from sightline.metrics.intervals.resampling import Resampling

SETTINGS = {"bins": 15, "resampling": Resampling(level=0.95, resamples=100, seed=0)}


def world(n: int, seed: int, factor=(1.0, 1.0, 1.0), shift=(0.0, 0.0, 0.0)):
    """Logits of a calibrated model, then bent class by class; and labels."""
    rng = np.random.default_rng(seed)
    true = 2 * rng.normal(size=(n, 3))
    labels = (true + rng.gumbel(size=(n, 3))).argmax(axis=1)
    return (true - np.array(shift)) / np.array(factor), labels


def test_vector_scaling_is_the_optimum_of_an_independent_search():
    logits, labels = world(500, 0, (0.5, 1.0, 2.0), (0.5, 0.0, -0.5))
    start = np.concatenate([np.full(3, 1 / fit_temperature(logits, labels)), np.zeros(3)])

    def loss(parameters):
        scaled = logits * parameters[:3] + parameters[3:]
        likelihood = scaled[np.arange(500), labels] - logsumexp(scaled, axis=1)
        return -likelihood.mean() + PENALTY / 2 * ((parameters - start) ** 2).sum() / 500

    best = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 20_000, "xatol": 1e-7, "fatol": 1e-13}).x
    expected = softmax(logits * best[:3] + best[3:], axis=1)
    assert vector_scaling(logits, labels)(logits) == pytest.approx(expected, abs=1e-4)


def test_vector_scaling_finds_what_bent_the_logits():
    logits, labels = world(100_000, 1, (0.5, 1.0, 2.0), (0.5, 0.0, -0.5))
    true = logits * [0.5, 1.0, 2.0] + [0.5, 0.0, -0.5]
    assert vector_scaling(logits, labels)(logits) == pytest.approx(softmax(true, axis=1), abs=0.02)


def test_a_class_without_mistakes_does_not_run_away():
    logits, labels = 4 * np.eye(3)[np.arange(60) % 3], np.arange(60) % 3
    assert np.isfinite(vector_scaling(logits, labels)(logits)).all()


def test_isotonic_regression_is_scikit_learns_class_by_class():
    (logits, labels), (others, _) = world(300, 2), world(50, 3)
    expected = np.stack(
        [
            IsotonicRegression(out_of_bounds="clip").fit(p, labels == k).predict(q)
            for k, (p, q) in enumerate(zip(softmax(logits, axis=1).T, softmax(others, axis=1).T, strict=True))
        ],
        axis=1,
    )
    expected = np.clip(expected, 1 / 302, 301 / 302)
    expected /= expected.sum(axis=1, keepdims=True)
    assert isotonic_regression(logits, labels)(others) == pytest.approx(expected, abs=2e-3)


def test_more_freedom_pays_where_classes_are_bent_apart_and_not_elsewhere():
    half = np.arange(4000) % 2 == 0
    bent, straight = (
        {entry["name"]: entry for entry in compare_calibrators(*case, half, **SETTINGS)}
        for case in (world(4000, 4, (0.5, 1.0, 2.0), (0.8, 0.0, -0.8)), world(4000, 5, (0.5, 0.5, 0.5)))
    )
    assert bent["vector"]["over_temperature"]["log_loss"]["high"] < 0
    assert bent["vector"]["changed"] > 0
    assert straight["vector"]["over_temperature"]["log_loss"]["high"] > 0
    assert straight["temperature"]["changed"] == 0
    assert "over_temperature" not in straight["temperature"]


def test_no_item_is_judged_by_what_it_helped_to_fit():
    logits, labels = world(200, 6)
    half = np.arange(200) < 100
    (found, *_) = compare_calibrators(logits, labels, half, **SETTINGS)
    parts = [temperature_scaling(logits[~part], labels[~part])(logits[part]) for part in (half, ~half)]
    own = np.concatenate(parts)[np.arange(200), labels]
    assert found["metrics"]["log_loss"]["value"] == pytest.approx(-np.log(own).mean())
