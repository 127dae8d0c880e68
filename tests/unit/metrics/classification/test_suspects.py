import numpy as np
from scipy.special import softmax

from sightline.metrics.classification.suspects import MOST, suspect_labels, worth_naming
from sightline.metrics.predictions import Predictions

NAMES = ["cat", "dog", "owl"]


def world(n: int = 600, spoiled: int = 20, seed: int = 0):
    """A good model, and labels of which the first ones are spoiled."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n)
    logits = rng.normal(size=(n, 3))
    logits[np.arange(n), truth] += 6
    labels = truth.copy()
    labels[:spoiled] = (labels[:spoiled] + 1) % 3
    return Predictions(np.arange(n).astype(str), logits.astype(np.float32), labels)


def test_spoiled_labels_come_first():
    found = suspect_labels(world(), 1.0, NAMES)
    assert {int(item["id"]) for item in found["items"][:15]} <= set(range(20))
    assert 15 <= found["count"] <= 25
    gaps = [item["label_probability"] - item["rather_probability"] for item in found["items"]]
    assert gaps == sorted(gaps)
    assert all(item["label"] != item["rather"] for item in found["items"])


def test_by_its_definition_item_by_item():
    rng = np.random.default_rng(1)
    predictions = Predictions(
        np.arange(60).astype(str), rng.normal(size=(60, 3)).astype(np.float32) * 2, rng.integers(3, size=60)
    )
    p, labels = softmax(predictions.logits.astype(float) / 1.5, axis=1), predictions.labels
    usual = [p[labels == k, k].mean() for k in range(3)]
    expected = {
        str(i)
        for i in range(60)
        if p[i].argmax() != labels[i] and any(p[i, k] >= usual[k] for k in range(3) if k != labels[i])
    }
    found = suspect_labels(predictions, 1.5, NAMES)
    assert {item["id"] for item in found["items"]} == expected
    assert found["count"] == len(expected)


def test_a_class_without_labels_is_nobodys_rival_and_long_lists_are_cut():
    predictions = world(4000, 300)
    labels = np.where(predictions.labels == 2, 1, predictions.labels)
    found = suspect_labels(Predictions(predictions.ids, predictions.logits, labels), 1.0, NAMES)
    assert all(item["rather"] != "owl" for item in found["items"])
    assert len(found["items"]) == MOST < found["count"]


def test_of_one_class_alone_nothing_is_worth_naming():
    accuracy = {"value": 1.0, "low": 0.9, "high": 1.0}
    assert not worth_naming({"confusion": [[9, 0], [0, 0]], "metrics": {"accuracy": accuracy}})
    assert worth_naming({"confusion": [[9, 0], [0, 9]], "metrics": {"accuracy": accuracy}})
    assert not worth_naming({"confusion": [[9, 0], [0, 9]], "metrics": {}})
