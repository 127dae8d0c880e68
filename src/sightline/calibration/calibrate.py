"""Everything that is fitted on the calibration split, and what it is worth: the content of `calibration.json`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.alternatives import compare_calibrators
from sightline.calibration.conformal import METHODS, class_scores, fit_quantiles
from sightline.calibration.judge import FITTED, draws_of_sets, judge_sets
from sightline.calibration.selective import fit_threshold
from sightline.calibration.temperature import assign_folds, cross_fitted_logits, fit_temperature
from sightline.errors import UsageError
from sightline.metrics.classification.calibration_error import reliability
from sightline.metrics.classification.evaluation import group_codes
from sightline.metrics.classification.null_calibration import perfect_calibration
from sightline.metrics.classification.scoring import CALIBRATION, Scored, check
from sightline.metrics.classification.sums import Answers
from sightline.metrics.documents.calibration import (
    Calibration,
    ConformalSets,
    Promised,
    ReliabilityBin,
    SelectiveThreshold,
)
from sightline.metrics.intervals.interval import IntervalJson
from sightline.metrics.predictions import Predictions, softmax

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Promises:
    """What is promised beyond probabilities.

    Attributes:
        alphas: how often conformal sets may miss the truth.
        target_risks: shares of wrong answers that a threshold of confidence should keep below.
        risk_error: how often such a threshold may break its bound.
        level: confidence of all intervals.
        seed: of the draws of randomised sets.
    """

    alphas: Sequence[float]
    target_risks: Sequence[float]
    risk_error: float
    level: float
    seed: int


def calibrate(
    predictions: Predictions,
    *,
    promises: Promises,
    bins: int,
    resamples: int,
    groups: NDArray[np.str_] | None = None,
    judged: Predictions | None = None,
) -> Calibration:
    """Fit the temperature on one half of the calibration split, sets and thresholds on the other, and measure them.

    Calibration errors after the temperature are cross-fitted: each half at the temperature of the other. The answers
    are the same before and after.

    Args:
        predictions: outputs and truth of the calibration split.
        promises: of conformal sets and thresholds.
        bins: of the calibration errors and the reliability table.
        resamples: how many resamples the bootstrap takes; before and after share them.
        groups: (n,) which items belong together, or None where each stands for itself.
        judged: of a split that fitted nothing, on which sets are measured; without it they are not.

    Raises:
        UsageError: the predictions are none or too few, or hold numbers that are not finite.
    """
    check(predictions)
    logits, labels, codes = predictions.logits, predictions.labels, group_codes(groups, len(predictions))
    if (units := len(labels) if codes is None else int(codes.max()) + 1) < 2:
        raise UsageError(f"calibration split: {units} item or group; it takes two at least, one for each half")
    first = temperature_half(labels, promises.seed, codes)
    second = ~first
    temperature = fit_temperature(logits[first], labels[first])
    cross_fitted = cross_fitted_logits(logits, labels, folds=2, seed=promises.seed, groups=codes)
    plain = logits.argmax(axis=1)
    before, after = (
        _errors(Answers.of(softmax(shown), bins, plain), labels, codes, promises, resamples)
        for shown in (logits.astype(np.float64), cross_fitted)
    )
    calibrators = compare_calibrators(
        logits.astype(np.float64),
        labels,
        first,
        bins=bins,
        level=promises.level,
        resamples=resamples,
        seed=promises.seed,
        groups=codes,
    )
    fresh = Predictions(predictions.ids[second], logits[second], labels[second])
    return {
        "split": "calibration",
        "n": len(predictions),
        "n_temperature": int(first.sum()),
        "n_promises": int(second.sum()),
        "temperature": temperature,
        "bins": bins,
        "calibrators": calibrators,
        "before": before.metrics,
        "after": after.metrics,
        "null": {"before": before.null, "after": after.null},
        "reliability": {"before": before.reliability, "after": after.reliability},
        **fit_promises(fresh, temperature, promises, judged),
    }


@dataclass(frozen=True)
class _Errors:
    """Calibration errors, what chance would show, and the reliability table."""

    metrics: dict[str, IntervalJson]
    null: dict[str, float]
    reliability: list[ReliabilityBin]


def _errors(answers: Answers, labels: Ints, groups: Ints | None, promises: Promises, resamples: int) -> _Errors:
    scored = Scored(answers, labels, groups, ranked=False)
    null = perfect_calibration(answers, promises.seed)
    found = scored.intervals(level=promises.level, resamples=resamples, seed=promises.seed, only=CALIBRATION, null=null)
    metrics = {name: interval.to_json() for name, interval in found.items()}
    return _Errors(metrics, null, reliability(answers.confidence, scored.right, answers.bins, promises.level))


def temperature_half(labels: Ints, seed: int, groups: Ints | None) -> NDArray[np.bool_]:
    """(n,) the items of a calibration split that the temperature is fitted on; sets and thresholds see the others."""
    return np.equal(assign_folds(labels, 2, seed, groups), 0)


def fit_promises(fresh: Predictions, temperature: float, promises: Promises, judged: Predictions | None) -> Promised:
    """Conformal sets and thresholds of confidence, all from probabilities at the one temperature.

    Args:
        fresh: items that the temperature has not seen.
        temperature: of all probabilities.
        promises: what is asked for.
        judged: on which sets are measured, and which says where to look for thresholds, or None.
    """
    probabilities = fresh.probabilities(temperature)
    sets: list[ConformalSets] = []
    for method in METHODS:
        scores = class_scores(probabilities, method, draws_of_sets(promises.seed, FITTED, len(fresh)))
        for alpha in promises.alphas:
            for by_class in (False, True):
                quantiles = fit_quantiles(scores, fresh.labels, alpha, by_class=by_class)
                known = [float(value) if math.isfinite(value) else None for value in quantiles]
                sets.append(
                    {
                        "method": method,
                        "alpha": alpha,
                        "conditional": "class" if by_class else "marginal",
                        "quantile": known if by_class else known[0],
                    }
                )
    selective: list[SelectiveThreshold] = []
    guide = None if judged is None else _answers(judged, temperature)
    for target in promises.target_risks:
        found = fit_threshold(*_answers(fresh, temperature), target, promises.risk_error, guide)
        answers = math.isfinite(found.threshold)
        selective.append(
            {
                "target_risk": target,
                "threshold": found.threshold if answers else None,
                "coverage": found.coverage,
                "risk": found.risk if answers else None,
                "risk_bound": found.risk_bound if answers else None,
                "error": promises.risk_error,
            }
        )
    if judged is not None:
        sets = judge_sets(sets, judged, temperature, promises.level, promises.seed)
    return {"conformal": sets, "judged_on": len(judged) if judged else 0, "selective": selective}


def _answers(predictions: Predictions, temperature: float) -> tuple[Reals, NDArray[np.bool_]]:
    """How sure the model is of each item, and whether it is right."""
    right = np.equal(predictions.logits.argmax(axis=1), predictions.labels)
    return predictions.probabilities(temperature).max(axis=1), right
