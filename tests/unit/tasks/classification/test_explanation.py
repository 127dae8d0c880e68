"""Which images are explained, and what is said of each."""

import numpy as np
import pytest
import torch

from sightline.metrics.predictions import Predictions
from sightline.tasks.classification.explanation import choose, explanation

NAMES = ("cat", "dog")


def predictions() -> Predictions:
    """Of two classes: one dog is taken for a cat, three cats for dogs, more and more surely."""
    labels = np.array([0, 1, 0, 0, 1, 0, 1, 0])
    margins = np.array([2.0, -1.0, -1.0, -3.0, 0.5, -2.0, -4.0, 1.0])
    logits = np.stack([margins, np.zeros(8)], axis=1).astype(np.float32)
    return Predictions(np.array([f"i{row}" for row in range(8)]), logits, labels)


def test_of_each_class_the_first_right_and_the_surest_wrong_ones():
    assert choose(predictions(), classes=2, per_class=2).tolist() == [0, 7, 3, 5, 1, 6, 4]
    assert choose(predictions(), classes=1, per_class=1).tolist() == [0, 3]


def test_each_map_is_for_the_predicted_class():
    found = explanation(predictions(), NAMES, classes=2, per_class=1)
    assert found.rows.tolist() == [0, 3, 1, 4]
    assert found.targets.tolist() == [0, 1, 1, 0]
    assert found.right == [True, False, True, False]
    assert list(found.items[1]) == ["id", "label", "prediction", "target", "probability", "right"]
    assert found.items[1] | {"probability": 0.0} == {
        "id": "i3", "label": 0, "prediction": 1, "target": 1, "probability": 0.0, "right": False,
    }  # fmt: skip
    assert found.titles == ["cat\n88%", "cat\ntaken for dog, 95%", "dog\n73%", "dog\ntaken for cat, 62%"]
    outputs = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    assert found.score(outputs, found.targets).tolist() == [1.0, 4.0, 6.0, 7.0]


def test_a_class_is_set_against_another_and_against_the_next_best_where_it_is_itself_answered():
    found = explanation(predictions(), NAMES, classes=2, per_class=1, versus=1)
    assert found.targets.tolist() == [[0, 1], [1, 0], [1, 0], [0, 1]]
    assert [item["versus"] for item in found.items] == [1, 0, 0, 1]
    assert found.titles[1] == "cat\ntaken for dog, 95%\ndog, not cat"
    outputs = torch.tensor([[1.0, 3.0], [3.0, 4.0], [5.0, 7.0], [7.0, 8.0]])
    assert found.score(outputs, found.targets).tolist() == [-2.0, 1.0, 2.0, -1.0]


def test_probabilities_are_at_the_temperature():
    plain, calibrated = (explanation(predictions(), NAMES, 2, 1, temperature=one) for one in (1.0, 2.0))
    assert calibrated.rows.tolist() == plain.rows.tolist()
    assert calibrated.items[1]["probability"] == pytest.approx(1 / (1 + np.exp(-1.5)))
    assert calibrated.titles[1] == "cat\ntaken for dog, 82%"


def test_of_a_thousand_classes_those_of_the_surest_mistakes_are_shown():
    labels = np.repeat(np.arange(1000), 2)
    logits = np.zeros((2000, 1000), dtype=np.float32)
    logits[np.arange(2000), labels] = 5
    for label, margin in ((700, 9.0), (31, 8.0), (5, 6.0)):
        logits[2 * label, (label + 1) % 1000] = 5 + margin
    some = Predictions(np.arange(2000).astype(str), logits, labels)
    assert choose(some, classes=2, per_class=1).tolist() == [63, 62, 1401, 1400]
    assert choose(some, classes=4, per_class=1).tolist() == [0, 11, 10, 63, 62, 1401, 1400]
