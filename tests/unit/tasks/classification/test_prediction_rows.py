"""The likeliest classes of an image, at the run's temperature."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from sightline.tasks.classification.prediction_rows import ClassRows


def test_a_row_names_the_likeliest_classes_in_order():
    writer = ClassRows(("cat", "dog", "fox"), temperature=2.0, top_k=2)
    outputs = torch.tensor([[0.0, 3.0, 1.0], [5.0, 5.0, 0.0]])
    first, second = writer.rows(outputs)
    expected = softmax(np.array([0.0, 1.5, 0.5]))
    assert list(first) == ["label", "probability", "top"]
    assert (first["label"], first["probability"]) == ("dog", pytest.approx(expected[1]))
    assert first["top"] == [
        {"label": "dog", "probability": pytest.approx(expected[1])},
        {"label": "fox", "probability": pytest.approx(expected[2])},
    ]
    assert second["label"] == "cat", "of equals the first"
    assert writer.line(first) == "dog 62.9%  fox 23.1%"
    assert set(writer.columns) < set(first)
