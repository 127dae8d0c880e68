"""Several ways to answer the same items, each measured, and against one plain answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from sightline.metrics.classification.risk import selective_risk
from sightline.metrics.classification.scoring import Scored, check
from sightline.metrics.classification.sums import Answers
from sightline.metrics.comparison.gains import gains
from sightline.metrics.documents.evaluation import Detection
from sightline.metrics.documents.uncertainty import MethodScores
from sightline.metrics.ood.detection import detection
from sightline.metrics.predictions import Predictions

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

SCORES = ("accuracy", "log_loss", "brier", "ece", "ece_debiased")


@dataclass(frozen=True)
class Way:
    """One way to answer.

    Attributes:
        name: what it is called; the first of several ways is what the others are compared with.
        members: how many answers to an image it is the mean of.
        predictions: on the items that are measured.
        temperature: fitted for this way on other items, or None where there were none.
        doubt: (n,) mutual information of the members, or None where they are no sample of models.
    """

    name: str
    members: int
    predictions: Predictions
    temperature: float | None
    doubt: Reals | None


def measure_ways(
    ways: Sequence[Way], *, bins: int, level: float, resamples: int, seed: int, groups: Ints | None
) -> list[MethodScores]:
    """Scores of every way, its differences from the first, and how well it knows its mistakes, ready for JSON.

    Args:
        ways: on the same items in the same order.
        bins: of the calibration errors.
        level: confidence of all limits.
        resamples: of the bootstrap, the same for every way.
        seed: of the resamples.
        groups: (n,) the group of each item as integers from 0, or None.

    Raises:
        UsageError: predictions from which no number can follow.
    """
    settings: dict[str, Any] = {"level": level, "resamples": resamples, "seed": seed}
    plain = _answers(ways[0], bins)
    found: list[MethodScores] = []
    for way in ways:
        check(way.predictions)
        answers, labels = _answers(way, bins), way.predictions.labels
        scored = Scored(answers, labels, groups, ranked=False)
        metrics = {name: one.to_json() for name, one in scored.intervals(**settings, only=SCORES).items()}
        metrics["aurc"] = selective_risk(answers.confidence, scored.right, labels, **settings, groups=groups)["aurc"]
        entry: MethodScores = {
            "name": way.name,
            "members": way.members,
            "temperature": way.temperature,
            "metrics": metrics,
        }
        if way is not ways[0]:
            entry["over_plain"] = gains(plain, answers, labels, **settings, groups=groups)
        entry["mistakes"] = _mistakes(answers, scored.right, way.doubt, settings)
        found.append(entry)
    return found


def _answers(way: Way, bins: int) -> Answers:
    predicted = way.predictions.logits.argmax(axis=1)
    return Answers.of(way.predictions.probabilities(way.temperature or 1.0), bins, predicted)


def _mistakes(
    answers: Answers, right: NDArray[np.bool_], doubt: Reals | None, settings: dict[str, Any]
) -> dict[str, Detection]:
    """How well each sign of doubt tells right answers from wrong ones; nothing where all are alike."""
    if right.all() or not right.any():
        return {}
    signs = {"confidence": answers.confidence, "entropy": -entr(answers.probabilities).sum(axis=1)}
    if doubt is not None:
        signs["mutual_information"] = -doubt
    return {name: detection(sign, right, **settings) for name, sign in signs.items()}
