"""What temperature, sets and thresholds are worth on items that fitted none of them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.calibration.conformal import class_scores, prediction_sets
from sightline.calibration.means import mean_limits
from sightline.calibration.temperature import cross_fitted_logits
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.null_calibration import NullCalibration, null_calibration
from sightline.metrics.classification.scoring import CALIBRATION, Scored
from sightline.metrics.documents.calibration import Calibration, ConformalSets, SelectiveThreshold
from sightline.metrics.documents.evaluation import Calibrated, MeasuredThreshold
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

FITTED, JUDGED = 1, 2
"""Streams of the random draws: sets are fitted and judged with draws of their own."""
EVERY_CLASS = "every set holds every class"

Errors = tuple[dict[str, IntervalJson], NullCalibration]
"""Calibration errors with limits, and what a calibrated model would show."""


def draws_of_sets(seed: int, stream: int, n: int) -> NDArray[np.float64]:
    """(n,) the uniform numbers of randomised sets."""
    return np.random.default_rng([seed, stream]).random(n)


def judge(calibration: Calibration, predictions: Predictions, resampling: Resampling, bins: int) -> Calibrated:
    """Measure what `calibration.json` holds: `calibrated` of `evaluation.json`.

    Args:
        calibration: the content of `calibration.json`.
        predictions: outputs and truth of items that fitted nothing.
        resampling: how intervals are found.
        bins: of the calibration errors.
    """
    temperature = calibration["temperature"]
    predicted = predictions.logits.argmax(axis=1)
    plain = BinnedPredictions.of(predictions.probabilities(), bins, predicted)
    binned = BinnedPredictions.of(predictions.probabilities(temperature), bins, predicted)
    before, null_before = errors(plain, predictions.labels, resampling)
    metrics, null = errors(binned, predictions.labels, resampling)
    right = np.equal(predicted, predictions.labels)
    return {
        "temperature": temperature,
        "cross_fitted": False,
        "before": before,
        "null_before": null_before.mean,
        "metrics": metrics,
        "null": null.mean,
        "null_high": null.high,
        "conformal": judge_sets(calibration["conformal"], predictions, temperature, resampling),
        "selective": [
            _judge_threshold(entry, binned.confidence, right, resampling) for entry in calibration["selective"]
        ],
    }


def judge_fitted(calibration: Calibration, predictions: Predictions, resampling: Resampling, bins: int) -> Calibrated:
    """The same of the very items that fitted it: each half of them at the temperature that the other half gives.

    Sets and thresholds are not measured: these items gave their bounds.
    """
    predicted, labels = predictions.logits.argmax(axis=1), predictions.labels
    scaled = cross_fitted_logits(predictions.logits, labels, folds=2, seed=resampling.seed, groups=resampling.groups)
    plain = BinnedPredictions.of(predictions.probabilities(), bins, predicted)
    before, null_before = errors(plain, labels, resampling)
    metrics, null = errors(BinnedPredictions.of(softmax(scaled, axis=1), bins, predicted), labels, resampling)
    return {
        "temperature": calibration["temperature"],
        "cross_fitted": True,
        "before": before,
        "null_before": null_before.mean,
        "metrics": metrics,
        "null": null.mean,
        "null_high": null.high,
        "conformal": [],
        "selective": [],
    }


def errors(binned: BinnedPredictions, labels: NDArray[np.int64], resampling: Resampling) -> Errors:
    """Calibration errors of predictions, and what a calibrated model would show."""
    null = null_calibration(binned, resampling.seed)
    found = Scored(binned, labels).intervals(resampling, only=CALIBRATION, null=null.mean)
    return {name: interval.to_json() for name, interval in found.items()}, null


def judge_sets(
    entries: Sequence[ConformalSets], predictions: Predictions, temperature: float, resampling: Resampling
) -> list[ConformalSets]:
    """How often sets of each kind hold the truth, and how large they are.

    Args:
        entries: `conformal` of `calibration.json`.
        predictions: of items that fitted nothing.
        temperature: the one the sets were fitted at.
        resampling: the confidence of the limits, the groups of the items, and the seed of randomised sets.
    """
    probabilities = predictions.probabilities(temperature)
    draws = draws_of_sets(resampling.seed, JUDGED, len(predictions))
    found: list[ConformalSets] = []
    for entry in entries:
        known = entry["quantile"] if isinstance(entry["quantile"], list) else [entry["quantile"]]
        quantiles = np.array([math.inf if value is None else value for value in known])
        sets = prediction_sets(class_scores(probabilities, entry["method"], draws), quantiles)
        classes = sets.shape[1]
        hits = sets[np.arange(len(predictions)), predictions.labels]
        sizes = sets.sum(axis=1)
        found.append(
            {
                **entry,
                "empty_promise": entry.get("empty_promise", "") or (EVERY_CLASS if sizes.min() == classes else ""),
                "coverage": resampling.share(hits).to_json(),
                "mean_size": float(sizes.mean()),
                "size": mean_limits(sizes, 0, classes, resampling).to_json(),
                "empty": float((sizes == 0).mean()),
                "single": float((sizes == 1).mean()),
                "all_classes": float((sizes == classes).mean()),
                "sizes": np.bincount(sizes, minlength=classes + 1).tolist(),
            }
        )
    return found


def _judge_threshold(
    entry: SelectiveThreshold, confidence: NDArray[np.float64], right: NDArray[np.bool_], resampling: Resampling
) -> MeasuredThreshold:
    """Share of items that are answered, and of wrong ones among them."""
    found: MeasuredThreshold = {
        "target_risk": entry["target_risk"],
        "threshold": entry["threshold"],
        "coverage": 0.0,
        "risk": None,
        "risk_bound": entry["risk_bound"],
        "error": entry["error"],
    }
    if entry["threshold"] is not None:
        answered = confidence >= entry["threshold"]
        share = resampling.share(answered)
        found["coverage"], found["answered"] = share.value, share.to_json()
        if answered.any():
            found["risk"] = resampling.among(answered).share(~right[answered]).to_json()
    return found
