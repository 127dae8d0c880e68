"""Confusion matrices, and the scores that an epoch of training is followed by."""

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.catalogue import METRICS
from sightline.metrics.scores.sums import sums_of_confusion


def confusion_matrix(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts; rows are the truth, columns what was predicted."""
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def monitored_scores(confusion: NDArray[np.float64], task: str = "classification") -> dict[str, float]:
    """What training monitors of a task, by name, of (classes, classes) counts that may be fractions of items."""
    sums = sums_of_confusion(confusion)
    return {
        metric.name: float(metric.score(sums))
        for metric in METRICS.values()
        if metric.task == task and metric.monitored and metric.score is not None
    }
