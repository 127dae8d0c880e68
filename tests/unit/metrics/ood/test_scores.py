import numpy as np
import pytest
from scipy.special import softmax
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from sightline.metrics.ood.scores import NEIGHBOURS, confidence, mahalanobis, nearness, negative_energy


def features(n: int, seed: int):
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=n)
    return (rng.normal(size=(n, 5)) * [1, 2, 1, 0.5, 1] + 3 * np.eye(5)[labels]).astype(np.float32), labels


def test_scores_of_logits():
    logits = np.random.default_rng(0).normal(size=(20, 4)) * 5
    assert confidence(logits, 1.7) == pytest.approx(softmax(logits / 1.7, axis=1).max(axis=1))
    assert negative_energy(logits) == pytest.approx(np.log(np.exp(logits).sum(axis=1)))
    assert np.isfinite(negative_energy(np.array([[1e4, 0.0]]))).all()


def test_mahalanobis_by_its_definition():
    fitted, labels = features(400, 0)
    judged, _ = features(30, 1)
    means = np.stack([fitted[labels == index].mean(axis=0) for index in range(3)])
    model = LedoitWolf(assume_centered=True).fit(fitted - means[labels])
    expected = -np.min([model.mahalanobis(judged - mean) for mean in means], axis=0)
    assert mahalanobis(judged, fitted, labels) == pytest.approx(expected, rel=1e-4)


def test_mahalanobis_with_more_features_than_images_and_a_class_without_any():
    rng = np.random.default_rng(0)
    found = mahalanobis(
        rng.normal(size=(4, 40)).astype(np.float32), rng.normal(size=(20, 40)).astype(np.float32), np.arange(20) % 2 * 2
    )
    assert np.isfinite(found).all()


@pytest.mark.parametrize(("m", "rank"), [(2000, NEIGHBOURS), (100, 5), (3, 1)])
def test_nearness_is_scikit_learns_distance(m: int, rank: int):
    fitted, _ = features(m, 0)
    judged, _ = features(30, 1)
    unit, others = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (fitted, judged))
    distances, _ = NearestNeighbors(n_neighbors=rank, algorithm="brute").fit(unit).kneighbors(others)
    assert nearness(judged, fitted) == pytest.approx(-distances[:, -1], abs=2e-3)
