import numpy as np
import pytest

from sightline.errors import UsageError
from sightline.metrics.classification.checks import check
from sightline.metrics.predictions import Predictions


@pytest.mark.parametrize(
    ("logits", "labels", "part"),
    [
        (np.zeros((0, 3)), np.zeros(0), "labels"),
        (np.zeros((2, 3)), np.zeros(3), "labels"),
        (np.zeros((2, 1)), np.zeros(2), "labels"),
        (np.zeros((2, 4)), np.zeros(2), "3 class names"),
        (np.array([[0, 1, np.nan], [0, 0, 0]]), np.zeros(2), "1 of 2"),
        (np.array([[0, 1, np.inf], [0, 0, -np.inf]]), np.zeros(2), "2 of 2"),
        (np.zeros((2, 3)), np.array([0, 3]), "from 0 to 3"),
        (np.zeros((2, 3)), np.array([-1, 0]), "from -1 to 0"),
    ],
)
def test_predictions_without_numbers_are_refused(logits, labels, part):
    ids = np.arange(len(logits)).astype(str)
    with pytest.raises(UsageError, match=part):
        check(Predictions(ids, logits.astype(np.float32), labels.astype(np.int64)), 3)
