"""What is refused before anything is measured."""

import numpy as np

from sightline.errors import UsageError
from sightline.metrics.predictions import Predictions


def check(predictions: Predictions, classes: int | None = None) -> None:
    """Refuse predictions from which no number can follow.

    Raises:
        UsageError: no items; shapes that do not fit; a logit that is not finite; a label that is no class.
    """
    logits = predictions.logits
    labels = predictions.labels
    if logits.ndim != 2 or logits.shape[1] < 2 or len(logits) != len(labels) or not len(labels):
        raise UsageError(
            f"predictions: logits {logits.shape} for {len(labels)} labels; they take (n, classes) for n > 0"
        )
    width = logits.shape[1]
    if classes is not None and width != classes:
        raise UsageError(f"predictions: logits for {width} classes, but {classes} class names")
    if broken := int((~np.isfinite(logits)).any(axis=1).sum()):
        raise UsageError(f"predictions: {broken} of {len(labels)} items have a logit that is NaN or infinite")
    if labels.min() < 0 or labels.max() >= width:
        raise UsageError(f"predictions: labels from {labels.min()} to {labels.max()}, but logits for {width} classes")
