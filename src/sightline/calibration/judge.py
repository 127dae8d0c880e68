"""What temperature, sets and thresholds are worth on items that fitted none of them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.conformal import class_scores, prediction_sets
from sightline.metrics.classification.evaluation import group_codes
from sightline.metrics.classification.null_calibration import perfect_calibration
from sightline.metrics.classification.scoring import CALIBRATION, Scored
from sightline.metrics.classification.sums import Answers
from sightline.metrics.documents.calibration import Calibration, ConformalSets, SelectiveThreshold
from sightline.metrics.documents.evaluation import Calibrated, MeasuredThreshold
from sightline.metrics.intervals.interval import wilson
from sightline.metrics.predictions import Predictions

FITTED, JUDGED = 1, 2
"""Streams of the random draws: sets are fitted and judged with draws of their own."""


def draws_of_sets(seed: int, stream: int, n: int) -> NDArray[np.float64]:
    """(n,) the uniform numbers of randomised sets."""
    return np.random.default_rng([seed, stream]).random(n)


def judge(
    calibration: Calibration,
    predictions: Predictions,
    *,
    bins: int,
    level: float,
    resamples: int,
    seed: int,
    groups: NDArray[np.str_] | None = None,
) -> Calibrated:
    """Measure what `calibration.json` holds: `calibrated` of `evaluation.json`.

    Args:
        calibration: the content of `calibration.json`.
        predictions: outputs and truth of items that fitted nothing.
        bins: of the calibration errors.
        level: confidence of all intervals.
        resamples: of the bootstrap.
        seed: of resamples and randomised sets.
        groups: (n,) which items belong together, or None. Sets and thresholds count items as independent.
    """
    temperature, labels = calibration["temperature"], predictions.labels
    predicted = predictions.logits.argmax(axis=1)
    answers = Answers.of(predictions.probabilities(temperature), bins, predicted)
    scored = Scored(answers, labels, group_codes(groups, len(predictions)), ranked=False)
    null = perfect_calibration(answers, seed)
    found = scored.intervals(level=level, resamples=resamples, seed=seed, only=CALIBRATION, null=null)
    return {
        "temperature": temperature,
        "metrics": {name: interval.to_json() for name, interval in found.items()},
        "null": null,
        "conformal": judge_sets(calibration["conformal"], predictions, temperature, level, seed),
        "selective": [_measured(entry, answers.confidence, scored.right, level) for entry in calibration["selective"]],
    }


def judge_sets(
    entries: Sequence[ConformalSets], judged: Predictions, temperature: float, level: float, seed: int
) -> list[ConformalSets]:
    """How often sets of each kind hold the truth, and how large they are.

    Args:
        entries: `conformal` of `calibration.json`.
        judged: items that fitted nothing.
        temperature: the one the sets were fitted at.
        level: confidence of the coverage.
        seed: of the draws of randomised sets.
    """
    probabilities, draws = judged.probabilities(temperature), draws_of_sets(seed, JUDGED, len(judged))
    found: list[ConformalSets] = []
    for entry in entries:
        known = entry["quantile"] if isinstance(entry["quantile"], list) else [entry["quantile"]]
        quantiles = np.array([math.inf if value is None else value for value in known])
        sets = prediction_sets(class_scores(probabilities, entry["method"], draws), quantiles)
        hits, sizes = sets[np.arange(len(judged)), judged.labels], sets.sum(axis=1)
        found.append(
            {
                **entry,
                "coverage": wilson(int(hits.sum()), len(judged), level, "Wilson").to_json(),
                "mean_size": float(sizes.mean()),
                "empty": float((sizes == 0).mean()),
                "single": float((sizes == 1).mean()),
                "sizes": np.bincount(sizes, minlength=sets.shape[1] + 1).tolist(),
            }
        )
    return found


def _measured(
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
