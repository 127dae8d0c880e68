"""Conformal sets and thresholds of confidence, all from probabilities at the one temperature."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.conformal import METHODS, class_scores, fit_quantiles, units_needed
from sightline.calibration.judge import EVERY_CLASS, FITTED, draws_of_sets, judge_sets
from sightline.calibration.selective import ConfidenceAndHits, fit_threshold
from sightline.metrics.documents.calibration import ConformalSets, Promised, SelectiveThreshold
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


@dataclass(frozen=True)
class HeldOut:
    """Items that fitted nothing.

    Attributes:
        predictions: outputs and truth.
        groups: (n,) which items belong together, as integers from 0, or None.
    """

    predictions: Predictions
    groups: Ints | None = None


def fit_promises(
    fitting: HeldOut, temperature: float, promises: Promises, resampling: Resampling, held_out: HeldOut | None
) -> Promised:
    """Fit sets and thresholds on items that the temperature has not seen, and measure sets on others.

    Args:
        fitting: what sets and thresholds are fitted on.
        temperature: of all probabilities.
        promises: what is asked for.
        resampling: the level of limits, and the seed that randomises sets; its groups play no part.
        held_out: on which sets are measured, and which says where to look for thresholds, or None.
    """
    sets = _fit_sets(fitting, temperature, promises.alphas, resampling.seed)
    answers = _answers(fitting, temperature)
    guide = None if held_out is None else _answers(held_out, temperature)
    fitted = Resampling(resampling.level, resampling.resamples, resampling.seed, _codes(fitting.groups))
    selective = [
        _fit_threshold(target, answers, promises.risk_error, guide, fitted) for target in promises.target_risks
    ]
    if held_out is not None:
        judged = Resampling(resampling.level, resampling.resamples, resampling.seed, held_out.groups)
        sets = judge_sets(sets, held_out.predictions, temperature, judged)
    return {
        "conformal": sets,
        "judged_on": len(held_out.predictions) if held_out else 0,
        "n_groups": fitted.n_groups,
        "selective": selective,
    }


def _codes(groups: Ints | None) -> Ints | None:
    """The groups that are left, as integers from 0."""
    return None if groups is None else np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _fit_threshold(
    target: float, answers: ConfidenceAndHits, error: float, guide: ConfidenceAndHits | None, resampling: Resampling
) -> SelectiveThreshold:
    found = fit_threshold(answers, target, error, guide, resampling.seed)
    finite = math.isfinite(found.threshold)
    rule: SelectiveThreshold = {
        "target_risk": target,
        "threshold": found.threshold if finite else None,
        "coverage": found.coverage,
        "risk": found.risk if finite else None,
        "risk_bound": found.risk_bound if finite else None,
        "error": error,
        "reason": found.reason,
    }
    if finite:
        rule["answered"] = resampling.share(answers.confidence >= found.threshold).to_json()
    return rule


def _fit_sets(fitting: HeldOut, temperature: float, alphas: Sequence[float], seed: int) -> list[ConformalSets]:
    """The quantiles of every kind of set."""
    predictions = fitting.predictions
    probabilities = predictions.probabilities(temperature)
    sets: list[ConformalSets] = []
    for method in METHODS:
        scores = class_scores(probabilities, method, draws_of_sets(seed, FITTED, len(predictions)))
        for alpha in alphas:
            for by_class in (False, True):
                found = fit_quantiles(scores, predictions.labels, alpha, by_class=by_class, groups=fitting.groups)
                finite = [float(value) if math.isfinite(value) else None for value in found]
                sets.append(
                    {
                        "method": method,
                        "alpha": alpha,
                        "conditional": "class" if by_class else "marginal",
                        "quantile": finite if by_class else finite[0],
                        "empty_promise": _empty_promise(finite, alpha, by_class, fitting),
                    }
                )
    return sets


def _empty_promise(quantiles: Sequence[float | None], alpha: float, by_class: bool, fitting: HeldOut) -> str:
    """What must be known of infinite quantiles."""
    infinite = sum(value is None for value in quantiles)
    if not infinite:
        return ""
    what = "labelled images" if fitting.groups is None else "groups of labelled images"
    least = units_needed(alpha)
    if not by_class:
        return f"fewer than {least} {what} in the half that sets come from: {EVERY_CLASS}"
    if infinite == len(quantiles):
        return f"no class has {least} {what}: {EVERY_CLASS}"
    return f"{infinite} of {len(quantiles)} classes have fewer than {least} {what} and stand in every set"


def _answers(of: HeldOut, temperature: float) -> ConfidenceAndHits:
    """How sure the model is of each item, and whether it is right."""
    predictions = of.predictions
    right = np.equal(predictions.logits.argmax(axis=1), predictions.labels)
    return ConfidenceAndHits(predictions.probabilities(temperature).max(axis=1), right, of.groups)
