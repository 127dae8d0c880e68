import numpy as np
import pytest

from sightline.metrics.catalogue import METRICS
from sightline.metrics.classification.confusion import monitored_scores


def test_what_is_monitored_takes_fractions_of_items():
    """One of two items is cat, the other 0.7 cat and 0.3 dog; both are taken for cats."""
    found = monitored_scores(np.array([[1.7, 0.0], [0.3, 0.0]]))
    assert found == pytest.approx({"accuracy": 1.7 / 2, "f1_macro": 2 * 1.7 / 3.7 / 2})


def test_what_is_monitored_is_what_the_catalogue_says():
    assert list(monitored_scores(np.eye(3))) == [
        m.name for m in METRICS.values() if m.task == "classification" and m.monitored and m.score
    ]
