"""What is explained of classification: right and wrong images of each class, each map for the class predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.explain.quality.confidence import class_probability
from sightline.explain.targets import NONE, class_logit, set_against
from sightline.metrics.predictions import Predictions
from sightline.models.outputs import Outputs


@dataclass(frozen=True)
class ClassExplanation:
    """See `tasks.results.Explanation`."""

    rows: NDArray[np.int64]
    targets: Tensor
    items: list[dict[str, object]]
    titles: list[str]
    right: list[bool]

    def score(self, outputs: Outputs, targets: Tensor) -> Tensor:
        """The logit of the predicted class, or by how much it exceeds another's."""
        return class_logit(outputs, targets)

    def confidence(self, outputs: Outputs, targets: Tensor, untouched: Outputs) -> Tensor:
        """The probability of that class, or that among the two."""
        return class_probability(outputs, targets, untouched)


def explanation(
    predictions: Predictions,
    names: Sequence[str],
    classes: int,
    per_class: int,
    versus: int | None = None,
    temperature: float = 1.0,
) -> ClassExplanation:
    """What is explained, of the images that `choose` takes; against the class `versus`, if it is one.

    Args:
        predictions: of the split.
        names: of the classes.
        classes: at most so many classes.
        per_class: right ones of each, and wrong ones.
        versus: the class that each answer is set against, or None.
        temperature: that probabilities are at.
    """
    rows = choose(predictions, classes, per_class, temperature)
    probabilities = predictions.probabilities(temperature)[rows]
    predicted, right = probabilities.argmax(axis=1), list[bool]()
    targets = set_against(torch.from_numpy(predicted), torch.from_numpy(probabilities), versus)
    others = [NONE] * len(rows) if versus is None else targets[:, 1].tolist()
    items, titles = list[dict[str, object]](), list[str]()
    for number, row in enumerate(rows):
        label, prediction = int(predictions.labels[row]), int(predicted[number])
        probability = float(probabilities[number, prediction])
        right.append(label == prediction)
        items.append(
            {
                "id": str(predictions.ids[row]),
                "label": label,
                "prediction": prediction,
                "target": prediction,
                "probability": probability,
                "right": right[-1],
                **({} if versus is None else {"versus": others[number]}),
            }
        )
        against = "" if others[number] == NONE else names[others[number]]
        titles.append(_title(names[label], names[prediction], probability, against))
    return ClassExplanation(rows, targets, items, titles, right)


def choose(predictions: Predictions, classes: int, per_class: int, temperature: float = 1.0) -> NDArray[np.int64]:
    """Rows to explain: of each class the first right and the most confident wrong ones, `per_class` of either.

    Where there are more classes than `classes`, those of the most confident mistakes are taken, each by its surest one.
    """
    predicted = predictions.logits.argmax(axis=1)
    confidence = predictions.probabilities(temperature).max(axis=1)
    chosen: list[int] = []
    surest = np.zeros(predictions.logits.shape[1])
    np.maximum.at(surest, predictions.labels, np.where(predicted == predictions.labels, 0.0, confidence))
    labels = np.unique(predictions.labels)
    for label in np.sort(labels[np.argsort(-surest[labels], kind="stable")][:classes]):
        of_class = np.flatnonzero(predictions.labels == label)
        right = of_class[predicted[of_class] == label]
        wrong = of_class[predicted[of_class] != label]
        chosen += right[:per_class].tolist()
        chosen += wrong[np.argsort(-confidence[wrong], kind="stable")][:per_class].tolist()
    return np.array(chosen, dtype=np.int64)


def _title(truth: str, predicted: str, probability: float, against: str) -> str:
    mistake = "" if predicted == truth else f"taken for {predicted}, "
    return f"{truth}\n{mistake}{probability:.0%}" + (f"\n{predicted}, not {against}" if against else "")
