import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics as sk

from sightline.metrics.catalogue import METRICS, measured_of
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.resampled import score_sums
from sightline.metrics.classification.scoring import CALIBRATION, Scored
from sightline.metrics.intervals.interval import wilson_share
from sightline.metrics.intervals.resampling import Resampling

RESAMPLING = Resampling(level=0.95, resamples=300, seed=0)


def world(n, classes=4, apart=2.0, temperature=1.0, seed=0):
    """Answers of a model that is calibrated at temperature 1, on balanced classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    evidence = rng.normal(size=(n, classes))
    evidence[np.arange(n), labels] += apart
    return softmax(apart * evidence / temperature, axis=1), labels


def scored(probabilities, labels, bins=15):
    return Scored(BinnedPredictions.of(probabilities, bins), labels)


def in_groups(groups):
    return replace(RESAMPLING, groups=groups)


def slow_classwise(probabilities, labels, bins=15):
    """Class-wise error by its definition, bin by bin (Kull et al. 2019)."""
    edges = np.linspace(0, 1, bins + 1)
    errors = []
    for index in range(probabilities.shape[1]):
        p, hit = probabilities[:, index], labels == index
        where = [(p > low) & (p <= high) for low, high in pairwise(edges)]
        where[0] |= p == 0
        errors.append(sum(abs(hit[bin_].sum() - p[bin_].sum()) for bin_ in where) / len(labels))
    return np.mean(errors)


def test_adaptive_error_by_its_definition():
    probabilities, labels = world(150, 5)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    shares = np.split(np.argsort(confidence), 15)
    expected = sum(abs(right[part].sum() - confidence[part].sum()) for part in shares) / 150
    assert scored(probabilities, labels).values()["ece_adaptive"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("classes", [2, 3, 6, 12])
def test_values_by_their_definitions(classes, ties):
    probabilities, labels = world(150, classes, 1.5)
    if ties:
        probabilities = softmax(np.round(2 * np.log(probabilities)), axis=1)
    found = scored(probabilities, labels).values()
    assert list(found) == [name for name in measured_of("classification") if name != "top5_accuracy" or classes > 5]
    predicted = probabilities.argmax(axis=1)
    area = probabilities[:, 1] if classes == 2 else probabilities
    expected = {
        "accuracy": sk.accuracy_score(labels, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, predicted),
        "f1_macro": sk.f1_score(labels, predicted, average="macro", zero_division=0),
        "roc_auc_ovr": sk.roc_auc_score(labels, area, multi_class="ovr"),
        "log_loss": sk.log_loss(labels, probabilities),
        "brier": sk.brier_score_loss(labels, probabilities, labels=range(classes), scale_by_half=False),
        "ece_classwise": slow_classwise(probabilities, labels),
    }
    if classes > 5:
        expected["top5_accuracy"] = sk.top_k_accuracy_score(labels, probabilities, k=5)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)


def test_resampled_sums_are_the_scores_of_the_resampled_items():
    """One product of sums and weights against scikit-learn on the items written out."""
    probabilities, labels = world(60, 5, 1.0)
    binned = BinnedPredictions.of(probabilities, 15)
    counts = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60), size=8).T.astype(float)
    metrics = scored(probabilities, labels).metrics()
    found = score_sums(binned, metrics, binned.contributions(labels) @ counts, probabilities.T @ counts)
    for column in range(8):
        items = np.repeat(np.arange(60), counts[:, column].astype(int))
        p, truth = probabilities[items], labels[items]
        predicted = p.argmax(axis=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            balanced = sk.balanced_accuracy_score(truth, predicted)
        expected = {
            "balanced_accuracy": balanced,
            "precision_macro": sk.precision_score(truth, predicted, average="macro", zero_division=0),
            "f1_weighted": sk.f1_score(truth, predicted, average="weighted", zero_division=0),
            "log_loss": sk.log_loss(truth, p, labels=range(5)),
            "ece_classwise": slow_classwise(p, truth),
        }
        again = scored(p, truth).values()
        expected |= {name: again[name] for name in ("ece", "ece_debiased", "mce", "brier")}
        assert {name: found[name][column] for name in expected} == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("classes", [2, 6])
def test_limits_hold_their_value_and_stay_in_range(classes, grouped):
    probabilities, labels = world(90, classes, 1.0)
    groups = np.arange(90) // 6 if grouped else None
    found = scored(probabilities, labels).intervals(in_groups(groups))
    values = scored(probabilities, labels).values()
    assert list(found) == list(values)
    for name, interval in found.items():
        assert interval.value == pytest.approx(values[name], abs=1e-15)
        assert interval.low < interval.high
        assert interval.low <= interval.value <= interval.high
        assert METRICS[name].smallest <= interval.low
        assert interval.high <= METRICS[name].highest
        assert interval.method.endswith(", groups") == grouped


@pytest.mark.parametrize("right", [True, False])
def test_no_mistake_or_nothing_but_mistakes_is_no_certainty(right):
    labels = np.arange(120) % 3
    answer = labels if right else (labels + 1) % 3
    probabilities = np.where(np.arange(3) == answer[:, None], 0.98, 0.01)
    found = scored(probabilities, labels).intervals(RESAMPLING)
    for name in ("accuracy", "balanced_accuracy", "precision_macro", "f1_macro"):
        assert found[name].value == right
        assert 0.01 < found[name].high - found[name].low < 0.15
    if right:
        # 120 right answers leave room for some 3 % of mistakes, and the loss of each is about 4.6.
        assert 0.08 < found["log_loss"].high < 0.35
    assert found["ece"].high - found["ece"].low > 0.01


@pytest.mark.parametrize("labels", [np.zeros(12, dtype=np.int64), np.array([0])])
@pytest.mark.parametrize("classes", [2, 7])
def test_a_single_class_and_a_single_item(classes, labels):
    probabilities = softmax(np.random.default_rng(0).normal(size=(len(labels), classes)), axis=1)
    found = scored(probabilities, labels).intervals(RESAMPLING)
    assert np.isnan(found["roc_auc_ovr"].value)
    assert all(i.low <= i.value <= i.high for name, i in found.items() if name != "roc_auc_ovr")


def test_confidences_of_nought_and_one():
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    probabilities = np.eye(3)[np.array([0, 1, 2, 0, 1, 2, 1, 0])]
    found = scored(probabilities, labels).intervals(RESAMPLING)
    assert found["ece"].value == found["mce"].value == pytest.approx(0.25)
    assert found["log_loss"].value == pytest.approx(sk.log_loss(labels, probabilities), abs=1e-12)


def test_a_seed_repeats_and_another_differs():
    case = scored(*world(80))
    assert case.intervals(RESAMPLING) == case.intervals(RESAMPLING)
    assert case.intervals(RESAMPLING) != case.intervals(replace(RESAMPLING, seed=1))


def test_copies_of_items_in_groups_make_nothing_surer():
    probabilities, labels = world(100)
    alone = scored(probabilities, labels).intervals(RESAMPLING)
    copies = scored(np.repeat(probabilities, 5, axis=0), np.repeat(labels, 5))
    copied = copies.intervals(in_groups(np.repeat(np.arange(100), 5)))
    for name in ("accuracy", "f1_macro", "roc_auc_ovr", "log_loss", "brier"):
        assert copied[name].high - copied[name].low > 0.85 * (alone[name].high - alone[name].low)


def test_few_groups_widen_as_students_t():
    probabilities, labels = world(60, 3, 1.0)
    case, resampling = scored(probabilities, labels), in_groups(np.arange(60) // 15)
    size = resampling.effective_size(case.right)
    expected = wilson_share(case.right.mean(), size * (1.959964 / 3.182446) ** 2, 0.95)
    found = case.intervals(resampling)
    assert (found["accuracy"].low, found["accuracy"].high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert found["log_loss"].high - found["log_loss"].low > 0.3


@pytest.mark.parametrize("name", [name for name in measured_of("classification") if name != "top5_accuracy"])
def test_a_score_asked_for_alone_has_the_limits_it_has_among_all(name):
    case = scored(*world(80))
    assert case.intervals(RESAMPLING, only=(name,)) == {name: case.intervals(RESAMPLING)[name]}


def test_only_what_is_asked_for():
    case = scored(*world(60))
    assert set(case.intervals(RESAMPLING, only=CALIBRATION)) == set(CALIBRATION)
    assert "auc" not in vars(case), "areas take long and were not asked for"


COVERED = ("accuracy", "balanced_accuracy", "precision_macro", "f1_macro", "roc_auc_ovr", "log_loss", "brier")
COVERED += ("ece_debiased",)
ERRORS = ("ece", "ece_adaptive", "ece_classwise", "mce")


@pytest.mark.parametrize(("apart", "temperature"), [(2.0, 1.0), (2.0, 0.6), (4.0, 1.0)])
def test_intervals_cover_the_truth(apart, temperature):
    """95 % intervals at n = 120 against the population: 150 samples, so 3 standard errors are 5 points."""
    truth = scored(*world(200_000, apart=apart, temperature=temperature, seed=1000)).values()
    truth["ece_debiased"] = max(0.0, truth["ece_debiased"])  # which it estimates, and no error is below 0
    hits = dict.fromkeys(COVERED + ERRORS, 0)
    for seed in range(150):
        case = scored(*world(120, apart=apart, temperature=temperature, seed=seed))
        found = case.intervals(Resampling(0.95, 150, seed))
        for name in hits:
            hits[name] += found[name].low <= truth[name] <= found[name].high
    for name in COVERED:
        assert hits[name] / 150 > 0.89, name
    for name in ERRORS:
        # Of bins that hold no items at hand the largest gap knows nothing: sure models leave most bins empty.
        if not (name == "mce" and apart > 3):
            assert hits[name] / 150 > 0.93, name
