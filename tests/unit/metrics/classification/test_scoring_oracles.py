"""Every metric on 200 random cases against scikit-learn, and against textbook histograms where it has none."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as sk

from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.scoring import Scored

BINS = 15


def case(seed: int):
    """Answers with ties, absent classes, a single class, probabilities of 0 and 1, each in some of the cases."""
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(1, 80)), int(rng.integers(2, 9))
    logits = rng.normal(size=(n, classes)) * rng.choice([0.3, 3.0, 40.0])
    if seed % 3 == 0:
        logits = np.round(logits)
    probabilities = softmax(logits, axis=1)
    if seed % 5 == 0:
        sure = rng.random(n) < 0.5
        probabilities[sure] = np.eye(classes)[rng.integers(classes, size=n)][sure]
    present = 1 if seed % 7 == 0 else int(rng.integers(1, classes + 1))
    return probabilities, rng.choice(rng.permutation(classes)[:present], size=n)


def histogram_gaps(values, hits, edges):
    """The sum of |hits - values| over the bins (low, high], 0 in the first, bin by bin; and the largest mean."""
    total, largest = 0.0, 0.0
    for low, high in pairwise(edges):
        inside = (values > low) & (values <= high) | ((low == edges[0]) & (values <= low))
        if inside.any():
            gap = abs(hits[inside].sum() - values[inside].sum())
            total, largest = total + gap, max(largest, gap / inside.sum())
    return total, largest


def textbook(probabilities, labels):
    n, classes = probabilities.shape
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right, even = (predicted == labels).astype(float), np.linspace(0, 1, BINS + 1)
    shares = [np.sort(confidence)[max(0, int(np.ceil(n * part / BINS)) - 1)] for part in range(1, BINS)]
    mass = np.unique([-1.0, *shares, 2.0])
    classwise = [histogram_gaps(p, (labels == k).astype(float), even)[0] for k, p in enumerate(probabilities.T)]
    ranked = [1] if classes == 2 else range(classes)
    areas = [sk.roc_auc_score(labels == k, probabilities[:, k]) for k in ranked if 0 < (labels == k).sum() < n]
    macro = {"average": "macro", "zero_division": 0}
    found = {
        "accuracy": sk.accuracy_score(labels, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, predicted),
        "precision_macro": sk.precision_score(labels, predicted, **macro),
        "recall_macro": sk.recall_score(labels, predicted, **macro),
        "f1_macro": sk.f1_score(labels, predicted, **macro),
        "f1_weighted": sk.f1_score(labels, predicted, average="weighted", zero_division=0),
        "f1_micro": sk.f1_score(labels, predicted, average="micro", zero_division=0),
        "roc_auc_ovr": np.mean(areas) if areas else np.nan,
        "log_loss": sk.log_loss(labels, probabilities, labels=range(classes)),
        "brier": sk.brier_score_loss(labels, probabilities, labels=range(classes), scale_by_half=False),
        "ece": histogram_gaps(confidence, right, even)[0] / n,
        "ece_adaptive": histogram_gaps(confidence, right, mass)[0] / n,
        "ece_classwise": np.mean(classwise) / n,
        "mce": histogram_gaps(confidence, right, even)[1],
    }
    if classes > 5:
        found["top5_accuracy"] = sk.top_k_accuracy_score(labels, probabilities, k=5, labels=range(classes))
    return found


@pytest.mark.parametrize("seed", range(200))
def test_every_metric(seed: int):
    probabilities, labels = case(seed)
    with warnings.catch_warnings():  # of classes that are absent
        warnings.simplefilter("ignore", UserWarning)
        expected = textbook(probabilities, labels)
    found = Scored(BinnedPredictions.of(probabilities, BINS), labels).values()
    assert set(found) == {*expected, "ece_debiased"}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12, nan_ok=True)
