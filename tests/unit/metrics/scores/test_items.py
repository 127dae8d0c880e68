import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn import metrics as sk

from sightline.metrics.scores.items import brier_scores, log_losses, right_answers, top5_hits, top_k_hits


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


def test_certain_and_wrong_is_finite():
    assert log_losses(np.array([[1.0, 0.0]]), np.array([1]))[0] == pytest.approx(36.04, abs=0.01)
    assert brier_scores(np.array([[1.0, 0.0]]), np.array([1]))[0] == 2.0


def test_hits_are_what_the_predicted_class_and_the_five_likeliest_say():
    probabilities = softmax(np.random.default_rng(0).normal(size=(50, 9)), axis=1)
    labels = np.arange(50) % 9
    predicted = probabilities.argmax(axis=1)
    assert np.array_equal(right_answers(probabilities, predicted, labels), predicted == labels)
    assert np.array_equal(top5_hits(probabilities, predicted, labels), top_k_hits(probabilities, labels, 5))
