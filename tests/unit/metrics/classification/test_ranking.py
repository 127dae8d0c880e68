import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.ranking import roc_auc_ovr
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.intervals.resampling import Resampling


def case(seed, n, classes, ties):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes))
    labels = np.concatenate([np.arange(classes), rng.integers(classes, size=n - classes)])
    logits[np.arange(n), labels] += 1
    return softmax(np.round(logits) if ties else logits, axis=1), labels


@given(st.integers(0, 2**32 - 1), st.integers(3, 7), st.integers(8, 80), st.booleans())
@settings(max_examples=80, deadline=None)
def test_area_is_scikit_learns(seed, classes, n, ties):
    probabilities, labels = case(seed, n, classes, ties)
    expected = roc_auc_score(labels, probabilities, multi_class="ovr", labels=range(classes))
    assert roc_auc_ovr(probabilities, labels).macro == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_two_classes_are_scikit_learns_binary_score(ties):
    probabilities, labels = case(3, 50, 2, ties)
    found = roc_auc_ovr(probabilities, labels)
    assert found.macro == pytest.approx(roc_auc_score(labels, probabilities[:, 1]), abs=1e-12)
    assert found.per_class[0] == found.per_class[1]


def test_absent_classes_are_left_out():
    probabilities, labels = case(0, 60, 5, ties=True)
    labels = np.where(labels == 3, 1, labels)
    found = roc_auc_ovr(probabilities, labels)
    assert np.isnan(found.per_class).tolist() == [False, False, False, True, False]
    areas = [roc_auc_score(labels == index, probabilities[:, index]) for index in (0, 1, 2, 4)]
    assert found.macro == pytest.approx(np.mean(areas), abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_single_class_has_no_area(classes):
    found = roc_auc_ovr(np.full((4, classes), 1 / classes), np.zeros(4, dtype=np.int64))
    assert np.isnan(found.macro)
    assert np.isnan(found.per_class).all()


@pytest.mark.parametrize("classes", [2, 4])
def test_influence_is_the_slope_of_the_weighted_area(classes):
    probabilities, labels = case(1, 40, classes, ties=True)
    found = roc_auc_ovr(probabilities, labels)
    assert found.influence.mean() == pytest.approx(0, abs=1e-12)
    columns = [1] if classes == 2 else range(classes)
    step = 1e-6
    for item in (0, 7, 39):
        weights = np.ones(len(labels))
        weights[item] += step
        areas = [roc_auc_score(labels == c, probabilities[:, c], sample_weight=weights) for c in columns]
        slope = (np.mean(areas) - found.macro) / step * len(labels)
        assert found.influence[item] == pytest.approx(slope, abs=1e-4)


def test_variance_of_the_influence_is_delongs():
    probabilities, labels = case(2, 300, 2, ties=True)
    found = roc_auc_ovr(probabilities, labels)
    positive, negative = probabilities[labels == 1, 1], probabilities[labels == 0, 1]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    delong = wins.mean(axis=1).var() / len(positive) + wins.mean(axis=0).var() / len(negative)
    assert (found.influence**2).sum() / len(labels) ** 2 == pytest.approx(delong, rel=1e-9)


def test_limits_hold_where_a_part_of_a_rare_class_ranks_last():
    """Every tenth item of a class with 15 of 300 lies behind all others: in a fifth of samples none of them is seen."""
    held = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        labels = (rng.random(300) < 0.05).astype(np.int64)
        log_odds = rng.normal(size=300) + 5 * labels - 2.5
        log_odds[(labels == 1) & (rng.random(300) < 0.1)] = -12.0
        scored = Scored(BinnedPredictions.of(softmax(np.stack([-log_odds, log_odds], axis=1) / 2, axis=1), 15), labels)
        found = scored.intervals(Resampling(0.95, 1, 0, None), only=["roc_auc_ovr"])["roc_auc_ovr"]
        held.append(found.low <= 0.9 * 0.9998 <= found.high)
    assert np.mean(held) >= 0.93


def test_a_class_ahead_of_all_is_worth_no_more_than_its_own_items():
    labels = np.repeat([0, 1], [980, 20])
    found = roc_auc_ovr(np.stack([1.0 - labels, labels], axis=1), labels)
    assert found.per_class[1] == 1
    assert found.sizes[1] == pytest.approx(19, abs=0.01)
