import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from sightline.errors import UsageError
from sightline.metrics.classification.evaluation import evaluate_classification
from sightline.metrics.intervals.interval import wilson
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.metrics.predictions import Predictions

RESAMPLING = Resampling(level=0.95, resamples=200, seed=0)


def predictions(n=240, classes=6, apart=2.0, seed=0, labels=None):
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n) if labels is None else labels
    n = len(labels)
    logits = rng.normal(size=(n, classes))
    logits[np.arange(n), labels] += apart
    return Predictions(np.arange(n).astype(str), logits.astype(np.float32), labels)


def names(count):
    return [f"class {index}" for index in range(count)]


def evaluate(given, groups=None):
    resampling = replace(RESAMPLING, groups=group_codes(groups, len(given)))
    content = evaluate_classification(given, class_names=names(given.logits.shape[1]), resampling=resampling)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    return content


def test_per_class_is_scikit_learns():
    given = predictions()
    content = evaluate(given)
    predicted = given.logits.argmax(axis=1)
    expected = precision_recall_fscore_support(given.labels, predicted, labels=range(6), zero_division=0)
    for index, row in enumerate(content["per_class"]):
        assert row["class"] == f"class {index}"
        assert row["support"] == expected[3][index]
        found = [row[name]["value"] for name in ("precision", "recall", "f1")]
        assert found == pytest.approx([part[index] for part in expected[:3]], abs=1e-12)
        area = roc_auc_score(given.labels == index, given.probabilities()[:, index])
        assert row["roc_auc"] == pytest.approx(area, abs=1e-12)
    confusion = np.array(content["confusion"])
    assert confusion.sum(axis=1).tolist() == np.bincount(given.labels, minlength=6).tolist()


def test_a_class_has_wilsons_limits():
    given = predictions()
    row = evaluate(given)["per_class"][2]
    predicted = given.logits.argmax(axis=1)
    hits = int(((predicted == 2) & (given.labels == 2)).sum())
    recall = wilson(hits, int((given.labels == 2).sum()), 0.95)
    precision = wilson(hits, int((predicted == 2).sum()), 0.95)
    union = wilson(hits, int(((predicted == 2) | (given.labels == 2)).sum()), 0.95)
    for name, expected in (("recall", recall), ("precision", precision)):
        assert (row[name]["low"], row[name]["high"]) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert row["f1"]["low"] == pytest.approx(2 * union.low / (1 + union.low), abs=1e-12)
    assert row["f1"]["high"] == pytest.approx(2 * union.high / (1 + union.high), abs=1e-12)


def test_limits_of_f1_cover_the_truth():
    few = {"class_names": names(3), "resampling": Resampling(0.95, 2, 0)}
    truth = [
        row["f1"]["value"] for row in evaluate_classification(predictions(40_000, 3, 1.0, 999), **few)["per_class"]
    ]
    hits = np.zeros(3)
    for seed in range(100):
        rows = evaluate_classification(predictions(60, 3, 1.0, seed), **few)["per_class"]
        hits += [row["f1"]["low"] <= exact <= row["f1"]["high"] for row, exact in zip(rows, truth, strict=True)]
    assert (hits / 100 > 0.88).all()


def test_absent_classes_are_named():
    given = predictions(labels=np.arange(60) % 4)
    given.logits[:, 5] = -9
    given.logits[:, 1] = -9
    content = evaluate(given)
    notes = " ".join(content["notes"])
    assert "No items of class 4, class 5" in notes
    assert "Never predicted: class 1" in notes
    assert "fewer than 30" in notes
    assert content["metrics"]["roc_auc_ovr"]["value"] is not None


def test_what_a_class_has_no_items_for_is_null():
    given = predictions(labels=np.arange(60) % 4)
    given.logits[:, 5] = -9
    given.logits[:, 1] = -9
    given.logits[0, 4] = 9
    _, silent, _, _, called, unknown = evaluate(given)["per_class"]
    assert (silent["support"], silent["recall"]["value"], silent["f1"]["value"]) == (15, 0.0, 0.0)
    assert (called["support"], called["precision"]["value"], called["precision"]["high"] < 1) == (0, 0.0, True)
    lacking = [silent["precision"], *(row[name] for row in (called, unknown) for name in ("recall", "f1"))]
    for entry in [*lacking, unknown["precision"]]:
        assert (entry["value"], entry["low"], entry["high"]) == (None, None, None)
    assert called["roc_auc"] is None


def test_one_class_alone_has_no_area_and_says_so():
    content = evaluate(predictions(labels=np.zeros(30, dtype=np.int64)))
    assert content["metrics"]["roc_auc_ovr"]["value"] is None
    assert any("roc_auc_ovr is not defined" in note for note in content["notes"])


def test_many_absent_classes_are_counted():
    notes = " ".join(evaluate(predictions(classes=40, labels=np.arange(60) % 3))["notes"])
    assert "and 27 more" in notes


def test_answers_are_those_of_the_logits():
    """Logits too close for probabilities to tell apart still have an order."""
    logits = np.array([[0, 1e-20, -1], [1e-20, 0, -1], [0, 0, 9]], dtype=np.float32)
    content = evaluate(Predictions(np.array(["a", "b", "c"]), logits, np.array([1, 0, 2])))
    assert content["metrics"]["accuracy"]["value"] == 1.0


def test_groups_are_resampled_whole():
    given = predictions()
    content = evaluate(given, groups=np.array([f"patient {index // 12}" for index in range(240)]))
    assert "20 groups" in " ".join(content["notes"])
    assert all("groups" in metric["method"] for metric in content["metrics"].values())
    assert content["per_class"][0]["f1"]["method"] == "Wilson, groups"


def test_groups_must_fit():
    with pytest.raises(UsageError, match="3 for 240"):
        evaluate(predictions(), groups=np.array(["a", "b", "c"]))


def test_class_names_must_fit():
    with pytest.raises(UsageError, match="6 classes, but 2 class names"):
        evaluate_classification(predictions(), class_names=names(2), resampling=RESAMPLING)
