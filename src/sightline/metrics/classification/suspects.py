"""Labels that are worth a second look: where the model is as sure of another class as it usually is of that class."""

from collections.abc import Sequence

import numpy as np

from sightline.metrics.documents.evaluation import Evaluation, SuspectLabel, SuspectLabels
from sightline.metrics.predictions import Predictions

MOST = 50
"""Items that are listed."""
LEAST_SKILL = 0.5
"""Of the way from always naming the commonest class to being always right: a weaker model contradicts itself."""
TOO_WEAK: SuspectLabels = {
    "count": 0,
    "items": [],
    "reason": "None are named: this model is wrong too often for its contradiction to say anything about a label. "
    "It would have to be at least half of the way from always naming the commonest class to no mistake.",
}
"""What is said of the labels that a weak model contradicts."""


def worth_naming(evaluation: Evaluation) -> bool:
    """Whether a model is good enough for its contradiction to say something about a label.

    The lower limit of its accuracy must be at least half of the way from the share of the commonest class to all right.
    """
    supports = [sum(row) for row in evaluation["confusion"]]
    base = max(supports) / max(1, sum(supports))
    accuracy = evaluation["metrics"].get("accuracy")
    low = None if accuracy is None else accuracy.get("low", accuracy["value"])
    return low is not None and base < 1 and (low - base) / (1 - base) >= LEAST_SKILL


def suspect_labels(predictions: Predictions, temperature: float, class_names: Sequence[str]) -> SuspectLabels:
    """How many labels contradict a confident model, and the items that do it most, ready for JSON.

    A label is suspect where another class is at least as probable as it is, on average, for the items that bear that
    class's label (confident learning; Northcutt, Jiang and Chuang 2021). The gravest come first: those whose label is
    furthest below the likeliest class. They are candidates, not errors; a weak model finds many of its own mistakes.

    Args:
        predictions: on items the model has not seen.
        temperature: of the probabilities.
        class_names: one for each column of the logits.
    """
    probabilities = predictions.probabilities(temperature)
    labels = predictions.labels
    items = np.arange(len(labels))
    of_label = probabilities[items, labels]
    count = np.bincount(labels, minlength=len(class_names))
    usual = np.full(len(class_names), np.inf)
    usual[count > 0] = np.bincount(labels, of_label, minlength=len(class_names))[count > 0] / count[count > 0]
    confident = probabilities >= usual
    confident[items, labels] = False
    suspect = np.not_equal(probabilities.argmax(axis=1), labels) & confident.any(axis=1)
    other = np.where(confident, probabilities, -1.0).argmax(axis=1)
    order = np.flatnonzero(suspect)
    order = order[np.argsort((of_label - probabilities[items, other])[order], kind="stable")]
    listed: list[SuspectLabel] = [
        {
            "id": str(predictions.ids[item]),
            "label": str(class_names[labels[item]]),
            "rather": str(class_names[other[item]]),
            "label_probability": float(of_label[item]),
            "rather_probability": float(probabilities[item, other[item]]),
        }
        for item in order[:MOST]
    ]
    return {"count": len(order), "items": listed}
