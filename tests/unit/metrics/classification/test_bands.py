import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import precision_recall_curve, roc_curve

from sightline.metrics.classification.bands import GRID, curve_bands
from sightline.metrics.intervals.resampling import Resampling

CLASSES = 3


def world(n: int, seed: int):
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=n)
    logits = rng.normal(size=(n, CLASSES))
    logits[np.arange(n), labels] += 1.3
    return softmax(logits, axis=1), labels


def mean_curves(probabilities, labels):
    """(2, grid) by scikit-learn: true positive rate at each false positive rate, precision at each recall."""
    found = []
    for index in range(CLASSES):
        false, true, _ = roc_curve(labels == index, probabilities[:, index], drop_intermediate=False)
        precision, recall, _ = precision_recall_curve(labels == index, probabilities[:, index])
        precision, recall = precision[-2::-1], recall[-2::-1]
        place = np.minimum(np.searchsorted(recall, GRID), len(recall) - 1)
        found.append([np.interp(GRID, false, true), precision[place]])
    return np.mean(found, axis=0)


def test_bands_hold_the_curves_of_the_population():
    """95 % bands at 400 items, place by place; 3 standard errors of 100 samples are 7 points."""
    truth = mean_curves(*world(300_000, 99))
    places = [50, 150, 300]
    hits = np.zeros((2, len(places)))
    for seed in range(100):
        probabilities, labels = world(400, seed)
        seen = mean_curves(probabilities, labels)
        bands = curve_bands(probabilities, labels, Resampling(0.95, 150, seed))
        assert bands is not None
        for row, (low, high) in enumerate(bands):
            held = (seen[row] + low <= truth[row]) & (truth[row] <= seen[row] + high)
            hits[row] += held[places]
    assert (hits / 100 > 0.87).all(), hits


def test_a_single_class_and_too_many_items_have_none():
    probabilities, _ = world(50, 0)
    resampling = Resampling(0.95, 200, 0)
    assert curve_bands(probabilities, np.zeros(50, dtype=np.int64), resampling) is None
    wide = np.broadcast_to(np.float64(0.001), (50_000, 1000))
    assert curve_bands(wide, np.arange(50_000) % 1000, resampling) is None


def test_copies_in_groups_make_nothing_surer():
    probabilities, labels = world(200, 1)
    alone = curve_bands(probabilities, labels, Resampling(0.95, 200, 0))
    many = np.repeat(probabilities, 5, axis=0), np.repeat(labels, 5)
    copies = curve_bands(*many, Resampling(0.95, 200, 0, np.repeat(np.arange(200), 5)))
    widths = [float((high - low).mean()) for (low, high), _ in (alone, copies)]
    assert widths[1] == pytest.approx(widths[0], rel=0.25)


def test_classes_that_are_a_group_each_have_none():
    """Hardly a resample of two groups holds both classes; of one class and a group none does."""
    labels = np.repeat([0, 1], 20)
    groups = np.repeat([0, 1], 20)
    probabilities = softmax(np.random.default_rng(0).normal(size=(40, 2)), axis=1)
    for seed in range(5):
        assert curve_bands(probabilities, labels, Resampling(0.95, 60, seed, groups)) is None
    assert curve_bands(probabilities, labels, Resampling(0.95, 60, 0, np.zeros(40, dtype=np.int64))) is not None
