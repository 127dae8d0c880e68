import numpy as np
from scipy.special import expit, logit

from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.error_limits import at_least_so_noisy
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.intervals.resampling import Resampling

CLASSES, BINS = 10, 15


def answers(rng, n):
    """A model that is right of 99 % and less sure of what it is wrong in: probabilities (n, CLASSES) and labels."""
    labels = rng.integers(CLASSES, size=n)
    right = rng.random(n) < 0.99
    sure = np.maximum(expit(logit(0.99) + 1.5 * rng.normal(size=n) - 1.5 * ~right), 0.15)
    named = np.where(right, labels, (labels + rng.integers(1, CLASSES, size=n)) % CLASSES)
    probabilities = np.repeat(((1 - sure) / (CLASSES - 1))[:, None], CLASSES, axis=1)
    probabilities[np.arange(n), named] = sure
    return probabilities, labels


def test_limits_hold_where_mistakes_are_few():
    probabilities, labels = answers(np.random.default_rng(1), 1_000_000)
    binned = BinnedPredictions.of(probabilities, BINS)
    residuals = np.bincount(binned.width_bin, (labels == binned.predicted) - binned.confidence, minlength=BINS)
    truth = np.abs(residuals).sum() / len(labels)
    held = []
    for seed in range(120):
        probabilities, labels = answers(np.random.default_rng(seed + 2), 1000)
        scored = Scored(BinnedPredictions.of(probabilities, BINS), labels)
        found = scored.intervals(Resampling(0.95, 200, seed, None), only=["ece"])["ece"]
        held.append(found.low <= truth <= found.high)
    assert np.mean(held) >= 0.94


def test_a_bin_whose_mistakes_are_unseen_is_no_less_noisy_than_half_of_what_its_confidence_says():
    rng = np.random.default_rng(0)
    deviations = rng.normal(size=(3, 400)) * np.array([[0.0], [1.0], [3.0]])
    noise = np.array([4.0, 4.0, 4.0])
    found = at_least_so_noisy(deviations, noise).var(axis=1)
    seen = deviations.var(axis=1)
    np.testing.assert_allclose(found[1:], [(seen[1] + 4) / 2, seen[2]], rtol=1e-12)
    assert found[0] == 0
