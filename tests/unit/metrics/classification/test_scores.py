import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from sightline.metrics.classification.scores import (
    accuracy_from_confusion,
    brier_scores,
    confusion_matrix,
    count_scores,
    f1_macro_from_confusion,
    log_losses,
    top_k_hits,
)
from sightline.metrics.predictions import softmax


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
    return softmax(logits), labels


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
    found = count_scores(*(part.astype(float) for part in (np.diag(confusion), confusion.sum(1), confusion.sum(0))))
    assert found == pytest.approx(expected, abs=1e-12)
    assert accuracy_from_confusion(confusion) == pytest.approx(expected["accuracy"], abs=1e-12)
    assert f1_macro_from_confusion(confusion) == pytest.approx(expected["f1_macro"], abs=1e-12)


@given(answers())
@settings(max_examples=100, deadline=None)
def test_losses_are_scikit_learns(case):
    probabilities, labels = case
    classes = range(probabilities.shape[1])
    assert log_losses(probabilities, labels).mean() == pytest.approx(
        sk.log_loss(labels, probabilities, labels=classes), abs=1e-12
    )
    assert brier_scores(probabilities, labels).mean() == pytest.approx(
        sk.brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False), abs=1e-12
    )


@given(answers(), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_top_k_is_scikit_learns(case, k):
    probabilities, labels = case
    classes = probabilities.shape[1]
    if k >= classes or classes == 2:
        return
    expected = sk.top_k_accuracy_score(labels, probabilities, k=k, labels=range(classes))
    assert top_k_hits(probabilities, labels, k).mean() == pytest.approx(expected, abs=1e-12)


def test_resamples_side_by_side_are_the_same_scores():
    rng = np.random.default_rng(0)
    right = rng.integers(0, 5, size=(4, 6)).astype(float)
    truth, predicted = right + rng.integers(0, 3, size=(4, 6)), right + rng.integers(0, 3, size=(4, 6))
    together = count_scores(right, truth, predicted)
    for column in range(6):
        alone = count_scores(right[:, column], truth[:, column], predicted[:, column])
        assert {name: value[column] for name, value in together.items()} == pytest.approx(alone, abs=0)


def test_confusions_may_be_fractions_and_come_in_batches():
    confusion = np.random.default_rng(0).random((3, 4, 4))
    assert accuracy_from_confusion(confusion) == pytest.approx(
        np.trace(confusion, axis1=1, axis2=2) / confusion.sum((1, 2))
    )
    assert f1_macro_from_confusion(confusion).shape == (3,)


def test_certain_and_wrong_is_finite():
    assert log_losses(np.array([[1.0, 0.0]]), np.array([1]))[0] == pytest.approx(36.04, abs=0.01)
    assert brier_scores(np.array([[1.0, 0.0]]), np.array([1]))[0] == 2.0
