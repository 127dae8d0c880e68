"""Several methods of answering the same items: their scores, their differences, what they know of their mistakes."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from sightline.metrics.comparison.methods import Method, measure_methods
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

BINS = 15


def world(n: int, seed: int, noise: float):
    """A plain answer with noise of its own, and one with less; the labels are drawn from neither."""
    rng = np.random.default_rng(seed)
    truth = 2 * rng.normal(size=(n, 3))
    labels = (truth + rng.gumbel(size=(n, 3))).argmax(axis=1)
    ids = np.arange(n).astype(str)
    plain, better = (
        Predictions(ids, (truth + scale * rng.normal(size=(n, 3))).astype(np.float32), labels) for scale in (noise, 0.1)
    )
    return plain, better


def measured(n: int = 300, seed: int = 0, noise: float = 1.0, resamples: int = 200):
    plain, better = world(n, seed, noise)
    methods = [Method("plain", 1, plain, None, None), Method("ensemble", 5, better, 1.2, np.zeros(n))]
    return plain, better, measure_methods(methods, BINS, Resampling(0.95, resamples, seed))


def test_each_method_has_its_scores_at_its_own_temperature():
    plain, better, (first, second) = measured()
    assert first["metrics"]["log_loss"]["value"] == pytest.approx(log_loss(plain.labels, plain.probabilities()))
    assert second["metrics"]["log_loss"]["value"] == pytest.approx(log_loss(plain.labels, better.probabilities(1.2)))
    difference = second["metrics"]["log_loss"]["value"] - first["metrics"]["log_loss"]["value"]
    assert second["over_plain"]["log_loss"]["value"] == pytest.approx(difference)
    assert "over_plain" not in first


def test_mistakes_are_known_by_doubt():
    plain, _, (first, second) = measured()
    right = plain.logits.argmax(axis=1) == plain.labels
    expected = roc_auc_score(right, plain.probabilities().max(axis=1))
    assert first["mistakes"]["confidence"]["auroc"]["value"] == pytest.approx(expected)
    assert set(first["mistakes"]) == {"confidence", "entropy"}
    assert second["mistakes"]["mutual_information"]["auroc"]["value"] == 0.5


@pytest.mark.parametrize(("samples", "least"), [(20, 0.79), pytest.param(100, 0.87, marks=pytest.mark.slow)])
def test_limits_of_differences_hold_what_is_true(samples: int, least: float):
    """95 % limits at 300 items; 3 standard errors of 100 samples are 7 points, of 20 samples 15."""
    _, _, (_, large) = measured(200_000, 99, resamples=2)
    truth, hits = (
        {name: one["value"] for name, one in large["over_plain"].items()},
        dict.fromkeys(("log_loss", "aurc"), 0),
    )
    for seed in range(samples):
        _, _, (_, found) = measured(300, seed)
        for name in hits:
            hits[name] += found["over_plain"][name]["low"] <= truth[name] <= found["over_plain"][name]["high"]
    assert min(hits.values()) / samples > least, hits


def test_without_mistakes_there_is_nothing_to_tell_apart():
    labels = np.arange(30) % 3
    sure = Predictions(labels.astype(str), (9 * np.eye(3)[labels]).astype(np.float32), labels)
    (found,) = measure_methods([Method("plain", 1, sure, None, None)], BINS, Resampling(0.95, 200, 0))
    assert found["mistakes"] == {}
