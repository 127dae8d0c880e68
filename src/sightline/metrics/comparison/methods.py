"""Several methods of answering the same items, each measured, and against one plain answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.checks import check
from sightline.metrics.classification.risk import selective_risk
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.comparison.gains import SCORES, gains
from sightline.metrics.documents.evaluation import Detection
from sightline.metrics.documents.uncertainty import MethodScores
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.ood.detection import detection
from sightline.metrics.predictions import Predictions

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Method:
    """What a method of answering said: one plain answer, test-time views, dropout left on, an ensemble.

    Attributes:
        name: what it is called; the first of several methods is what the others are compared with.
        members: how many answers to an image it is the mean of.
        predictions: on the items that are measured.
        temperature: fitted for this method on other items, or None where there were none.
        mutual_information: (n,) of answer and member, or None where the members are no sample of models.
    """

    name: str
    members: int
    predictions: Predictions
    temperature: float | None
    mutual_information: Reals | None


def measure_methods(methods: Sequence[Method], bins: int, resampling: Resampling) -> list[MethodScores]:
    """Scores of every method, its gains over the first, and how well it knows its mistakes, ready for JSON.

    Args:
        methods: on the same items in the same order.
        bins: of the calibration errors.
        resampling: how limits are found, with the same resamples for every method.

    Raises:
        UsageError: predictions from which no number can follow.
    """
    plain = _binned(methods[0], bins)
    found: list[MethodScores] = []
    for method in methods:
        check(method.predictions)
        binned = _binned(method, bins)
        labels = method.predictions.labels
        scored = Scored(binned, labels)
        metrics = {name: one.to_json() for name, one in scored.intervals(resampling, only=SCORES).items()}
        metrics["aurc"] = selective_risk(binned.confidence, scored.right, resampling)["aurc"]
        entry: MethodScores = {
            "name": method.name,
            "members": method.members,
            "temperature": method.temperature,
            "metrics": metrics,
        }
        if method is not methods[0]:
            entry["over_plain"] = gains(plain, binned, labels, resampling)
        entry["mistakes"] = _mistakes(binned, scored.right, method.mutual_information, resampling)
        found.append(entry)
    return found


def _binned(method: Method, bins: int) -> BinnedPredictions:
    predicted = method.predictions.logits.argmax(axis=1)
    return BinnedPredictions.of(method.predictions.probabilities(method.temperature or 1.0), bins, predicted)


def _mistakes(
    binned: BinnedPredictions, right: NDArray[np.bool_], mutual_information: Reals | None, resampling: Resampling
) -> dict[str, Detection]:
    """How well each sign of doubt tells right answers from wrong ones; nothing where all are alike."""
    if right.all() or not right.any():
        return {}
    signs = {"confidence": binned.confidence, "entropy": -entr(binned.probabilities).sum(axis=1)}
    if mutual_information is not None:
        signs["mutual_information"] = -mutual_information
    return {name: detection(sign, right, resampling) for name, sign in signs.items()}
