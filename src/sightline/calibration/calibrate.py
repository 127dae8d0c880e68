"""Everything that is fitted on the calibration split, and what it is worth: the content of `calibration.json`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.calibration.alternatives import compare_calibrators
from sightline.calibration.conformal import METHODS, class_scores, fit_quantiles
from sightline.calibration.judge import FITTED, draws_of_sets, judge_sets
from sightline.calibration.selective import ConfidenceAndHits, fit_threshold
from sightline.calibration.temperature import assign_folds, cross_fitted_logits, fit_temperature
from sightline.errors import UsageError
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.bins import reliability
from sightline.metrics.classification.checks import check
from sightline.metrics.classification.null_calibration import null_calibration
from sightline.metrics.classification.scoring import CALIBRATION, Scored
from sightline.metrics.documents.calibration import (
    Calibration,
    ConformalSets,
    Promised,
    ReliabilityBin,
    SelectiveThreshold,
)
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Promises:
    """What is promised beyond probabilities.

    Attributes:
        alphas: how often conformal sets may miss the truth.
        target_risks: shares of wrong answers that a threshold of confidence should keep below.
        risk_error: how often such a threshold may break its bound.
    """

    alphas: Sequence[float]
    target_risks: Sequence[float]
    risk_error: float


def calibrate(
    predictions: Predictions,
    *,
    promises: Promises,
    resampling: Resampling,
    bins: int,
    held_out: Predictions | None = None,
) -> Calibration:
    """Fit the temperature on one half of the calibration split, sets and thresholds on the other, and measure them.

    Calibration errors after the temperature are cross-fitted: each half at the temperature of the other. The answers
    are the same before and after.

    Args:
        predictions: outputs and truth of the calibration split.
        promises: of conformal sets and thresholds.
        resampling: how intervals are found; before and after share their resamples. Its seed deals the halves and
            randomises sets too, and groups stay in one half.
        bins: of the calibration errors and the reliability table.
        held_out: of a split that fitted nothing, on which sets are measured; without it they are not.

    Raises:
        UsageError: the predictions are none or too few, or hold numbers that are not finite.
    """
    check(predictions)
    logits = predictions.logits
    labels = predictions.labels
    if (units := resampling.n_groups or len(labels)) < 2:
        raise UsageError(f"calibration split: {units} item or group; it takes two at least, one for each half")
    first = temperature_half(labels, resampling.seed, resampling.groups)
    second = ~first
    temperature = fit_temperature(logits[first], labels[first])
    cross_fitted = cross_fitted_logits(logits, labels, folds=2, seed=resampling.seed, groups=resampling.groups)
    predicted = logits.argmax(axis=1)
    before, after = (
        _errors(BinnedPredictions.of(softmax(shown, axis=1), bins, predicted), labels, resampling)
        for shown in (logits.astype(np.float64), cross_fitted)
    )
    other_half = Predictions(predictions.ids[second], logits[second], labels[second])
    return {
        "split": "calibration",
        "n": len(predictions),
        "n_temperature": int(first.sum()),
        "n_promises": int(second.sum()),
        "temperature": temperature,
        "bins": bins,
        "calibrators": compare_calibrators(logits.astype(np.float64), labels, first, bins, resampling),
        "before": before.metrics,
        "after": after.metrics,
        "null": {"before": before.null, "after": after.null},
        "reliability": {"before": before.reliability, "after": after.reliability},
        **fit_promises(other_half, temperature, promises, resampling, held_out),
    }


@dataclass(frozen=True)
class _Errors:
    """Calibration errors, what a calibrated model would show, and the reliability table."""

    metrics: dict[str, IntervalJson]
    null: dict[str, float]
    reliability: list[ReliabilityBin]


def _errors(binned: BinnedPredictions, labels: Ints, resampling: Resampling) -> _Errors:
    scored = Scored(binned, labels)
    null = null_calibration(binned, resampling.seed)
    found = scored.intervals(resampling, only=CALIBRATION, null=null)
    metrics = {name: interval.to_json() for name, interval in found.items()}
    return _Errors(metrics, null, reliability(binned.confidence, scored.right, binned.bins, resampling.level))


def temperature_half(labels: Ints, seed: int, groups: Ints | None) -> NDArray[np.bool_]:
    """(n,) the items of a calibration split that the temperature is fitted on; sets and thresholds see the others."""
    return np.equal(assign_folds(labels, 2, seed, groups), 0)


def fit_promises(
    predictions: Predictions,
    temperature: float,
    promises: Promises,
    resampling: Resampling,
    held_out: Predictions | None,
) -> Promised:
    """Conformal sets and thresholds of confidence, all from probabilities at the one temperature.

    Args:
        predictions: of items that the temperature has not seen.
        temperature: of all probabilities.
        promises: what is asked for.
        resampling: the level at which sets are measured, and the seed that randomises them.
        held_out: on which sets are measured, and which says where to look for thresholds, or None.
    """
    sets = _fit_sets(predictions, temperature, promises.alphas, resampling.seed)
    confidence, right = _confidence_and_hits(predictions, temperature)
    guide = None if held_out is None else _confidence_and_hits(held_out, temperature)
    selective: list[SelectiveThreshold] = []
    for target in promises.target_risks:
        found = fit_threshold(confidence, right, target, promises.risk_error, guide)
        finite = math.isfinite(found.threshold)
        selective.append(
            {
                "target_risk": target,
                "threshold": found.threshold if finite else None,
                "coverage": found.coverage,
                "risk": found.risk if finite else None,
                "risk_bound": found.risk_bound if finite else None,
                "error": promises.risk_error,
            }
        )
    if held_out is not None:
        sets = judge_sets(sets, held_out, temperature, resampling)
    return {"conformal": sets, "judged_on": len(held_out) if held_out else 0, "selective": selective}


def _fit_sets(predictions: Predictions, temperature: float, alphas: Sequence[float], seed: int) -> list[ConformalSets]:
    """The quantiles of every kind of set."""
    probabilities = predictions.probabilities(temperature)
    sets: list[ConformalSets] = []
    for method in METHODS:
        scores = class_scores(probabilities, method, draws_of_sets(seed, FITTED, len(predictions)))
        for alpha in alphas:
            for by_class in (False, True):
                quantiles = fit_quantiles(scores, predictions.labels, alpha, by_class=by_class)
                finite = [float(value) if math.isfinite(value) else None for value in quantiles]
                sets.append(
                    {
                        "method": method,
                        "alpha": alpha,
                        "conditional": "class" if by_class else "marginal",
                        "quantile": finite if by_class else finite[0],
                    }
                )
    return sets


def _confidence_and_hits(predictions: Predictions, temperature: float) -> ConfidenceAndHits:
    """How sure the model is of each item, and whether it is right."""
    right = np.equal(predictions.logits.argmax(axis=1), predictions.labels)
    return predictions.probabilities(temperature).max(axis=1), right
