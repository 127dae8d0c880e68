"""The likeliest classes of an image, at the run's temperature, and what is decided."""

import json

import numpy as np
import pytest
import torch
from scipy.special import softmax

from sightline.tasks.classification.decisions import Decisions
from sightline.tasks.classification.prediction_rows import ClassRows


def test_a_row_names_the_likeliest_classes_in_order():
    writer = ClassRows(("cat", "dog", "fox"), Decisions(temperature=2.0), top_k=2)
    outputs = torch.tensor([[0.0, 3.0, 1.0], [5.0, 5.0, 0.0]])
    first, second = writer.rows(outputs)
    expected = softmax(np.array([0.0, 1.5, 0.5]))
    assert list(first) == ["label", "probability", "set", "abstain", "top"]
    assert (first["label"], first["probability"]) == ("dog", pytest.approx(expected[1]))
    assert first["top"] == [
        {"label": "dog", "probability": pytest.approx(expected[1])},
        {"label": "fox", "probability": pytest.approx(expected[2])},
    ]
    assert second["label"] == "cat", "of equals the first"
    assert writer.line(first) == "dog 62.9%  fox 23.1%"
    assert set(writer.columns) < set(first)
    assert (first["set"], first["abstain"]) == (None, None), "nothing to decide with"


def test_a_row_says_what_is_in_the_set_and_whether_to_abstain():
    decisions = Decisions(alpha=0.1, quantile=0.7, risk=0.05, threshold=0.6)
    writer = ClassRows(("cat", "dog", "fox"), decisions, top_k=1)
    rows = writer.rows(torch.tensor([[0.5, 0.1, 0.4], [0.2, 0.8, 0.0], [1 / 3, 1 / 3, 1 / 3]]).log())
    assert [row["set"] for row in rows] == [["cat", "fox"], ["dog"], ["cat", "dog", "fox"]]
    assert [row["abstain"] for row in rows] == [True, False, True]
    assert [writer.line(row) for row in rows[:2]] == ["cat 50.0%  {cat, fox}  abstains", "dog 80.0%  {dog}"]
    always = ClassRows(("cat", "dog", "fox"), Decisions(risk=0.05, threshold=None), top_k=1)
    (row,) = always.rows(torch.tensor([[5.0, 0.0, 0.0]]))
    assert (row["abstain"], always.line(row)) == (True, "cat 98.7%"), "the head has said it of every image"
    strict = ClassRows(("cat", "dog", "fox"), Decisions(alpha=0.1, quantile=0.1), top_k=1)
    assert strict.rows(torch.zeros(1, 3))[0]["set"] == [], "no class fits as well as the promise needs"
    assert ClassRows.from_json(json.loads(json.dumps(writer.to_json()))) == writer


def test_a_large_set_is_counted_on_the_terminal():
    names = tuple(f"class {number}" for number in range(30))
    (row,) = (writer := ClassRows(names, Decisions(alpha=0.1), top_k=1)).rows(torch.zeros(1, 30))
    assert row["set"] == list(names)
    assert writer.line(row) == "class 0 3.3%  {30 classes}"
