"""Calibrators with more freedom than a temperature, and whether they are worth it.

They may change answers, and need more images than one number does; only the temperature is applied.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from sightline.calibration.temperature import apply, fit_temperature
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.comparison.gains import SCORES, gains
from sightline.metrics.documents.calibration import CalibratorScores
from sightline.metrics.intervals.resampling import Resampling

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
Calibrator = Callable[[Reals], Reals]
"""From (n, classes) logits to (n, classes) probabilities."""

PENALTY = 0.01


def temperature_scaling(logits: Reals, labels: Ints) -> Calibrator:
    """One number for all logits (Guo et al. 2017)."""
    temperature = fit_temperature(logits, labels)
    return lambda others: softmax(apply(others, temperature), axis=1)


def vector_scaling(logits: Reals, labels: Ints) -> Calibrator:
    """A factor and a shift for the logit of each class (Guo et al. 2017).

    The likeliest ones, but for a penalty on their distance from the temperature that weighs a hundredth of an image:
    without it they run away where a class has no mistakes.

    Args:
        logits: (n, classes), finite.
        labels: (n,).
    """
    n, classes = logits.shape
    start = np.concatenate([np.full(classes, 1 / fit_temperature(logits, labels)), np.zeros(classes)])
    truth = np.eye(classes)[labels]

    def loss(parameters: Reals) -> tuple[float, Reals]:
        """Mean negative log-likelihood with its penalty, and the slope."""
        scaled = logits * parameters[:classes] + parameters[classes:]
        error = softmax(scaled, axis=1) - truth
        away = parameters - start
        value = (logsumexp(scaled, axis=1).sum() - (scaled * truth).sum() + PENALTY / 2 * away @ away) / n
        slope = np.concatenate([(error * logits).sum(axis=0), error.sum(axis=0)])
        return float(value), (slope + PENALTY * away) / n

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8}).x
    return lambda others: softmax(others * found[:classes] + found[classes:], axis=1)


def isotonic_regression(logits: Reals, labels: Ints) -> Calibrator:
    """A rising step function for the probability of each class, then scaled to sum to one (Zadrozny and Elkan 2002).

    Probabilities stay as far from 0 and 1 as n items warrant (Laplace's rule), so that no answer costs everything.

    Args:
        logits: (n, classes), finite.
        labels: (n,).
    """
    from sklearn.isotonic import IsotonicRegression  # takes a second, and only this needs it

    n = len(labels)
    probabilities = softmax(logits, axis=1)
    least = 1 / (n + 2)
    steps = [
        IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(column, labels == index)
        for index, column in enumerate(probabilities.T)
    ]

    def calibrated(others: Reals) -> Reals:
        columns = softmax(others, axis=1).T
        risen = np.stack([step.predict(column) for step, column in zip(steps, columns, strict=True)], axis=1)
        shares: Reals = risen / risen.sum(axis=1, keepdims=True)
        return shares

    return calibrated


CALIBRATORS: dict[str, Callable[[Reals, Ints], Calibrator]] = {
    "temperature": temperature_scaling,
    "vector": vector_scaling,
    "isotonic": isotonic_regression,
}


def compare_calibrators(
    logits: Reals, labels: Ints, half: NDArray[np.bool_], bins: int, resampling: Resampling
) -> list[CalibratorScores]:
    """Every calibrator cross-fitted, each half by the other, and what it gains over the temperature; ready for JSON.

    Args:
        logits: (n, classes) of the calibration split.
        labels: (n,).
        half: (n,) which items are of the first half.
        bins: of the calibration errors.
        resampling: how limits are found.
    """
    found: list[CalibratorScores] = []
    first: BinnedPredictions | None = None
    predicted = logits.argmax(axis=1)
    for name, fit in CALIBRATORS.items():
        probabilities = np.empty(logits.shape)
        for part in (half, ~half):
            probabilities[part] = fit(logits[~part], labels[~part])(logits[part])
        # A temperature cannot change an answer, but rounding could.
        binned = BinnedPredictions.of(probabilities, bins, predicted if name == "temperature" else None)
        intervals = Scored(binned, labels).intervals(resampling, only=SCORES)
        entry: CalibratorScores = {
            "name": name,
            "metrics": {key: one.to_json() for key, one in intervals.items()},
            "changed": float((binned.predicted != predicted).mean()),
        }
        if first is not None:
            entry["over_temperature"] = gains(first, binned, labels, resampling)
        first = first or binned
        found.append(entry)
    return found
