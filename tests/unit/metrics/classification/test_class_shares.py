"""Scores of a population that does not look like ours: classes unequal in size and in difficulty, few items."""

import numpy as np
import pytest

from sightline.metrics.catalogue import METRICS
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.class_shares import ClassAnswers, class_shares
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.intervals.score_test import mean_of_shares

SURE = Resampling(0.95, 300, 0)


def answered(counts: dict[tuple[int, int], int], classes: int, confidence: float = 0.9) -> Scored:
    """So many items of each (truth, answer), all as sure."""
    labels = np.repeat([truth for truth, _ in counts], list(counts.values())).astype(np.int64)
    predicted = np.repeat([answer for _, answer in counts], list(counts.values())).astype(np.int64)
    probabilities = np.full((len(labels), classes), (1 - confidence) / (classes - 1))
    probabilities[np.arange(len(labels)), predicted] = confidence
    return Scored(BinnedPredictions.of(probabilities, 15, predicted), labels)


def test_brier_follows_accuracy_where_it_is_a_function_of_it():
    case = answered({(0, 0): 796, (0, 1): 4, (1, 0): 170, (1, 1): 30}, 2)
    found = case.intervals(SURE, only=["accuracy", "brier"])
    accuracy, brier = found["accuracy"], found["brier"]
    slope = 2 * (0.9**2 - 0.1**2)  # of the loss, from a right answer to a wrong one
    assert brier.high - brier.low == pytest.approx(slope * (accuracy.high - accuracy.low), rel=0.01)


def test_three_wrong_items_of_a_rare_class_are_not_certainty():
    found = answered({(0, 0): 297, (1, 0): 3}, 2).intervals(SURE)
    balanced = found["balanced_accuracy"]
    assert balanced.value == 0.5
    assert 0.78 < balanced.high < 0.95  # Wilson's limit of none of three is 0.56
    assert balanced.low < 0.5
    for name in ("precision_macro", "f1_macro"):
        assert found[name].high - found[name].low > 0.2, name


def test_a_class_that_is_never_named_may_have_any_precision():
    found = answered({(0, 0): 297, (1, 0): 3}, 2).intervals(SURE, only=["precision_macro"])["precision_macro"]
    assert found.high > 0.99


@pytest.mark.parametrize("name", ["ece", "ece_debiased", "ece_adaptive", "mce"])
def test_calibration_errors_are_no_surer_than_accuracy(name):
    """100 of 100 right at 0.9999: the accuracy may be 96 %."""
    case = answered({(0, 0): 50, (1, 1): 50}, 2, confidence=0.9999)
    found = case.intervals(SURE, only=["accuracy", name])
    assert found[name].high >= 0.9999 - found["accuracy"].low - 1e-9


def test_a_model_of_one_answer_is_not_sure_of_its_mean_recall():
    found = answered({(0, 0): 30, (1, 0): 30}, 2).intervals(SURE, only=["balanced_accuracy"])["balanced_accuracy"]
    assert found.value == 0.5
    assert found.low < 0.47 < 0.53 < found.high


def test_mistakes_count_in_two_classes():
    """With two classes alike a mistake lowers both F1 by the same, so their mean has twice the variance of two."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=400)
    predicted = np.where(rng.random(400) < 0.95, labels, 1 - labels)
    f1 = METRICS["f1_macro"].mean
    assert class_shares(f1, ClassAnswers(labels, predicted, 2, None)).inflation == pytest.approx(1.9, abs=0.1)
    recall = METRICS["recall_macro"].mean
    assert class_shares(recall, ClassAnswers(labels, predicted, 2, None)).inflation == 1


def test_groups_that_span_classes_inflate_means_over_them():
    """Patients whose images are all right or all wrong, of either class."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 10)
    labels = np.tile([0, 1], 200)
    predicted = np.where((rng.random(40) < 0.8)[groups], labels, 1 - labels)
    recall = METRICS["recall_macro"].mean
    found = class_shares(recall, ClassAnswers(labels, predicted, 2, groups))
    assert found.inflation == pytest.approx(2.0, abs=0.05)
    assert found.sizes == pytest.approx([39, 39], abs=3)


def test_weighted_f1_is_no_surer_than_accuracy():
    case = answered({(0, 0): 30}, 2)
    found = case.intervals(SURE, only=["accuracy", "f1_weighted"])
    assert found["f1_weighted"].low == pytest.approx(found["accuracy"].low)


def test_means_over_classes_of_few_groups_are_held():
    """Eight groups that each hold all classes, a fifth of them bad in all of them."""
    rng, held = np.random.default_rng(2), 0
    groups, recall = np.repeat(np.arange(8), 60), METRICS["recall_macro"].mean
    for seed in range(300):
        labels = rng.integers(3, size=480)
        right = rng.random(480) < np.where(rng.random(8) < 0.2, 0.4, 0.95)[groups]
        predicted = np.where(right, labels, (labels + 1) % 3)
        shares = class_shares(recall, ClassAnswers(labels, predicted, 3, groups))
        caution = Resampling(0.95, 10, seed, groups).caution
        low, high = mean_of_shares(shares, float(shares.weights @ shares.shares), 0.95, caution)
        held += low <= 0.2 * 0.4 + 0.8 * 0.95 <= high
    assert held / 300 > 0.92


def test_the_lower_limit_of_macro_f1_lies_below_it():
    """A class of one item that is never named: what is not known of it does not raise the lower limit."""
    found = answered({(0, 0): 18, (1, 1): 8, (1, 0): 3, (2, 0): 1}, 3).intervals(SURE, only=["f1_macro"])["f1_macro"]
    assert found.low < found.value - 0.05
