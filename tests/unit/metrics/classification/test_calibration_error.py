import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from torchmetrics.functional.classification import multiclass_calibration_error

from sightline.metrics.classification.calibration_error import (
    debiased_error,
    equal_mass,
    equal_width,
    expected_error,
    maximum_error,
    reliability,
)
from sightline.metrics.predictions import softmax


def sums(confidence, right, bins=15, where=equal_width):
    place = where(confidence, bins)
    weights = np.ones_like(confidence), right - confidence, confidence * (1 - confidence)
    return [np.bincount(place, weights=weight, minlength=bins) for weight in weights]


def ece(confidence, right, bins=15):
    return float(expected_error(sums(confidence, right, bins)[1], np.float64(len(right))))


@pytest.mark.parametrize("bins", [5, 10, 15, 20])
@pytest.mark.parametrize("n", [30, 2000])
def test_ece_and_mce_are_torchmetrics(bins, n):
    rng = np.random.default_rng(bins * n)
    probabilities, labels = softmax(rng.normal(size=(n, 6)) * 2), rng.integers(6, size=n)
    confidence, right = probabilities.max(axis=1), (probabilities.argmax(axis=1) == labels).astype(float)
    tensors = torch.from_numpy(probabilities), torch.from_numpy(labels)
    count, residual, _ = sums(confidence, right, bins)
    for norm, found in (("l1", expected_error(residual, np.float64(n))), ("max", maximum_error(residual, count))):
        expected = multiclass_calibration_error(*tensors, num_classes=6, n_bins=bins, norm=norm)
        assert float(found) == pytest.approx(float(expected), abs=1e-6)


def test_bins_are_closed_on_the_right():
    values = np.array([0.0, 1e-9, 0.2, np.nextafter(0.2, 1), 0.4, 0.6, 0.8, 0.99, 1.0])
    assert equal_width(values, 5).tolist() == [0, 0, 0, 1, 1, 2, 3, 4, 4]


@given(st.integers(2, 40))
def test_every_edge_falls_into_the_bin_below_it(bins):
    edges = np.linspace(0, 1, bins + 1)
    assert equal_width(edges[1:], bins).tolist() == list(range(bins))
    assert equal_width(np.nextafter(edges[:-1], 1), bins).tolist() == list(range(bins))


def test_certain_answers():
    assert ece(np.ones(4), np.ones(4)) == 0
    assert ece(np.ones(4), np.zeros(4)) == 1
    assert ece(np.zeros(4), np.zeros(4)) == 0
    assert ece(np.zeros(4), np.ones(4)) == 1


def test_equal_mass_fills_its_bins_and_keeps_ties_together():
    rng = np.random.default_rng(0)
    values = rng.random(150)
    assert np.bincount(equal_mass(values, 15)).tolist() == [10] * 15
    tied = np.concatenate([np.ones(60), values[:40]])
    where = equal_mass(tied, 10)
    assert len(set(where[:60])) == 1
    order = rng.permutation(100)
    assert np.array_equal(equal_mass(tied[order], 10), where[order])
    assert (np.diff(where[np.argsort(tied)]) >= 0).all()


def test_empty_bins_have_no_gap():
    count, residual, _ = sums(np.array([0.95, 0.95]), np.array([1.0, 1.0]))
    assert maximum_error(residual, count) == pytest.approx(0.05)


CONFIDENCES = {
    "beta": lambda rng, shape: rng.beta(8, 1.5, shape),
    "uniform": lambda rng, shape: rng.uniform(0.1, 1, shape),
    "sure": lambda rng, shape: rng.beta(30, 0.6, shape),
}


def simulate(name, n, draws, truth, seed=0):
    """Mean raw and debiased error over draws of n answers whose accuracy at a confidence is `truth`."""
    rng = np.random.default_rng(seed)
    confidence = CONFIDENCES[name](rng, (draws, n))
    right = rng.random((draws, n)) < truth(confidence)
    place = equal_width(confidence, 15) * draws + np.arange(draws)[:, None]
    residual, noise = (
        np.bincount(place.ravel(), weights=weight.ravel(), minlength=15 * draws).reshape(15, draws)
        for weight in (right - confidence, confidence * (1 - confidence))
    )
    total = np.full(draws, float(n))
    return expected_error(residual, total).mean(), debiased_error(residual, noise, total).mean()


@pytest.mark.parametrize("name", CONFIDENCES)
@pytest.mark.parametrize("n", [300, 1000])
def test_debiased_error_of_a_calibrated_model_averages_nothing(name, n):
    raw, debiased = simulate(name, n, 1500, lambda confidence: confidence)
    assert abs(debiased) < 0.001
    assert raw > 0.005
    if (name, n) == ("beta", 1000):
        assert raw == pytest.approx(0.025, abs=0.001)


@pytest.mark.parametrize("name", CONFIDENCES)
def test_debiased_error_stays_below_the_truth_and_near_it(name):
    def truth(confidence):
        return confidence**1.8

    exact, _ = simulate(name, 400_000, 2, truth)
    raw, debiased = simulate(name, 1000, 500, truth)
    assert debiased < exact < raw
    assert exact - debiased < 0.2 * exact


def test_debiased_error_is_the_mean_over_halves():
    """The closed form against halving one bin of normal residuals at random."""
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.02, 0.1):
        residuals = rng.normal(shift, 0.3, 400)
        residuals *= 0.3 / residuals.std()
        # Halves drawn as in a new sample: split the noise of the sum in two independent, equal parts.
        total, spread = residuals.sum(), 0.3 * np.sqrt(400)
        apart = rng.normal(0, spread, 400_000)
        expected = (np.sign(total + apart) * (total - apart)).mean()
        found = debiased_error(np.array([total]), np.array([spread**2]), np.float64(1))
        assert float(found) == pytest.approx(expected, abs=0.05)


def test_no_noise_means_no_correction():
    assert debiased_error(np.array([-3.0, 1.0]), np.zeros(2), np.float64(8)) == pytest.approx(0.5)


def test_reliability_table():
    confidence = np.array([0.0, 0.55, 0.59, 0.6, 1.0, 1.0])
    right = np.array([False, True, False, True, True, True])
    table = reliability(confidence, right, 5, 0.9)
    assert [row["count"] for row in table] == [1, 3, 2]
    middle = table[1]
    assert (middle["low"], middle["high"]) == (0.4, 0.6)
    assert middle["confidence"] == pytest.approx((0.55 + 0.59 + 0.6) / 3)
    limits = binomtest(2, 3).proportion_ci(0.9, method="wilson")
    assert (middle["accuracy_low"], middle["accuracy_high"]) == pytest.approx((limits.low, limits.high))
    assert table[2]["accuracy_high"] == 1.0
