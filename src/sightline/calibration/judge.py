"""What temperature, sets and thresholds are worth on items that fitted none of them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.conformal import class_scores, prediction_sets
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.null_calibration import null_calibration
from sightline.metrics.classification.scoring import CALIBRATION, Scored
from sightline.metrics.documents.calibration import Calibration, ConformalSets, SelectiveThreshold
from sightline.metrics.documents.evaluation import Calibrated, MeasuredThreshold
from sightline.metrics.intervals.interval import wilson
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

FITTED, JUDGED = 1, 2
"""Streams of the random draws: sets are fitted and judged with draws of their own."""


def draws_of_sets(seed: int, stream: int, n: int) -> NDArray[np.float64]:
    """(n,) the uniform numbers of randomised sets."""
    return np.random.default_rng([seed, stream]).random(n)


def judge(calibration: Calibration, predictions: Predictions, resampling: Resampling, bins: int) -> Calibrated:
    """Measure what `calibration.json` holds: `calibrated` of `evaluation.json`.

    Args:
        calibration: the content of `calibration.json`.
        predictions: outputs and truth of items that fitted nothing.
        resampling: how intervals are found; sets and thresholds count items as independent.
        bins: of the calibration errors.
    """
    temperature = calibration["temperature"]
    predicted = predictions.logits.argmax(axis=1)
    binned = BinnedPredictions.of(predictions.probabilities(temperature), bins, predicted)
    scored = Scored(binned, predictions.labels)
    null = null_calibration(binned, resampling.seed)
    found = scored.intervals(resampling, only=CALIBRATION, null=null)
    return {
        "temperature": temperature,
        "metrics": {name: interval.to_json() for name, interval in found.items()},
        "null": null,
        "conformal": judge_sets(calibration["conformal"], predictions, temperature, resampling),
        "selective": [
            _judge_threshold(entry, binned.confidence, scored.right, resampling.level)
            for entry in calibration["selective"]
        ],
    }


def judge_sets(
    entries: Sequence[ConformalSets], predictions: Predictions, temperature: float, resampling: Resampling
) -> list[ConformalSets]:
    """How often sets of each kind hold the truth, and how large they are.

    Args:
        entries: `conformal` of `calibration.json`.
        predictions: of items that fitted nothing.
        temperature: the one the sets were fitted at.
        resampling: the confidence of the coverage and the seed of randomised sets; items count as independent.
    """
    probabilities = predictions.probabilities(temperature)
    draws = draws_of_sets(resampling.seed, JUDGED, len(predictions))
    found: list[ConformalSets] = []
    for entry in entries:
        known = entry["quantile"] if isinstance(entry["quantile"], list) else [entry["quantile"]]
        quantiles = np.array([math.inf if value is None else value for value in known])
        sets = prediction_sets(class_scores(probabilities, entry["method"], draws), quantiles)
        hits = sets[np.arange(len(predictions)), predictions.labels]
        sizes = sets.sum(axis=1)
        found.append(
            {
                **entry,
                "coverage": wilson(int(hits.sum()), len(predictions), resampling.level, "Wilson").to_json(),
                "mean_size": float(sizes.mean()),
                "empty": float((sizes == 0).mean()),
                "single": float((sizes == 1).mean()),
                "sizes": np.bincount(sizes, minlength=sets.shape[1] + 1).tolist(),
            }
        )
    return found


def _judge_threshold(
    entry: SelectiveThreshold, confidence: NDArray[np.float64], right: NDArray[np.bool_], level: float
) -> MeasuredThreshold:
    """Share of items that are answered, and of wrong ones among them."""
    answered = confidence >= (math.inf if entry["threshold"] is None else entry["threshold"])
    count = int(answered.sum())
    return {
        "target_risk": entry["target_risk"],
        "threshold": entry["threshold"],
        "coverage": count / len(confidence),
        "risk": wilson(int((answered & ~right).sum()), count, level, "Wilson").to_json() if count else None,
        "risk_bound": entry["risk_bound"],
        "error": entry["error"],
    }
