import numpy as np
import pytest
import torch
from scipy.special import ndtr, softmax
from torchmetrics.functional.classification import multiclass_calibration_error

from sightline.metrics.classification.bins import equal_width
from sightline.metrics.scores.calibration import debiased_error, expected_error, maximum_error


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
    probabilities, labels = softmax(rng.normal(size=(n, 6)) * 2, axis=1), rng.integers(6, size=n)
    confidence, right = probabilities.max(axis=1), (probabilities.argmax(axis=1) == labels).astype(float)
    tensors = torch.from_numpy(probabilities), torch.from_numpy(labels)
    count, residual, _ = sums(confidence, right, bins)
    for norm, found in (("l1", expected_error(residual, np.float64(n))), ("max", maximum_error(residual, count))):
        expected = multiclass_calibration_error(*tensors, num_classes=6, n_bins=bins, norm=norm)
        assert float(found) == pytest.approx(float(expected), abs=1e-6)


def test_certain_answers():
    assert ece(np.ones(4), np.ones(4)) == 0
    assert ece(np.ones(4), np.zeros(4)) == 1
    assert ece(np.zeros(4), np.zeros(4)) == 0
    assert ece(np.zeros(4), np.ones(4)) == 1


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


@pytest.mark.parametrize("gap", [0.0, 0.5, 1.06, 3.0])
def test_debiased_error_averages_what_its_derivation_says(gap):
    """Normal sums of noise 1 around a true gap: 0 without one, never above it, 0.48 below it at most."""
    sums = np.random.default_rng(0).normal(gap, 1, (1, 1_000_000))
    found = debiased_error(sums, np.ones((1, 1)), np.float64(1)).mean()
    assert found == pytest.approx(gap * (2 * ndtr(gap / np.sqrt(2)) - 1), abs=0.005)
    assert 0 <= gap - gap * (2 * ndtr(gap / np.sqrt(2)) - 1) <= 0.481


def test_no_noise_means_no_correction():
    assert debiased_error(np.array([-3.0, 1.0]), np.zeros(2), np.float64(8)) == pytest.approx(0.5)
