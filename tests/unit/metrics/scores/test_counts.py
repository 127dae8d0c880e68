import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn import metrics as sk

from sightline.metrics.catalogue import METRICS
from sightline.metrics.classification.confusion import confusion_matrix
from sightline.metrics.scores.counts import (
    accuracy,
    balanced_accuracy,
    f1_macro,
    f1_weighted,
    precision_macro,
    recall_macro,
)
from sightline.metrics.scores.sums import Sums, sums_of_confusion


@st.composite
def answers(draw, most_classes=9):
    """Probabilities with ties, labels with absent classes, predictions of classes that are never true."""
    classes = draw(st.integers(2, most_classes))
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = rng.normal(size=(n, classes)) * draw(st.sampled_from([0.3, 3.0, 40.0]))
    if draw(st.booleans()):
        logits = np.round(logits)
    labels = rng.integers(draw(st.integers(1, classes)), size=n)
    return softmax(logits, axis=1), labels


def macro(function, labels, predicted, average="macro"):
    return function(labels, predicted, average=average, zero_division=0)


@given(answers())
@settings(max_examples=150, deadline=None)
def test_count_scores_are_scikit_learns(case):
    probabilities, labels = case
    predicted, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    confusion = confusion_matrix(labels, predicted, classes)
    assert np.array_equal(confusion, sk.confusion_matrix(labels, predicted, labels=range(classes)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        balanced = sk.balanced_accuracy_score(labels, predicted)
    expected = {
        "accuracy": sk.accuracy_score(labels, predicted),
        "balanced_accuracy": balanced,
        "precision_macro": macro(sk.precision_score, labels, predicted),
        "recall_macro": macro(sk.recall_score, labels, predicted),
        "f1_macro": macro(sk.f1_score, labels, predicted),
        "f1_weighted": macro(sk.f1_score, labels, predicted, "weighted"),
        "f1_micro": macro(sk.f1_score, labels, predicted, "micro"),
    }
    sums = sums_of_confusion(confusion)
    assert {name: float(METRICS[name].score(sums)) for name in expected} == pytest.approx(expected, abs=1e-12)


def test_resamples_side_by_side_are_the_same_scores():
    rng = np.random.default_rng(0)
    right = rng.integers(0, 5, size=(4, 6)).astype(float)
    truth, predicted = right + rng.integers(0, 3, size=(4, 6)), right + rng.integers(0, 3, size=(4, 6))
    together: Sums = {"right": right, "truth": truth, "predicted": predicted}
    for score in (accuracy, balanced_accuracy, precision_macro, recall_macro, f1_macro, f1_weighted):
        for column in range(6):
            assert score(together)[column] == score({name: counts[:, column] for name, counts in together.items()})


def test_confusions_may_be_fractions_and_come_in_batches():
    confusion = np.random.default_rng(0).random((3, 4, 4))
    assert accuracy(sums_of_confusion(confusion)) == pytest.approx(
        np.trace(confusion, axis1=1, axis2=2) / confusion.sum((1, 2))
    )
    assert f1_macro(sums_of_confusion(confusion)).shape == (3,)
