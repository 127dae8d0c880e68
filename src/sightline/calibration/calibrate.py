"""Everything that is fitted on the calibration split, and what it is worth: the content of `calibration.json`."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.calibration.alternatives import compare_calibrators
from sightline.calibration.judge import errors
from sightline.calibration.likelihood import HIGHEST, LOWEST
from sightline.calibration.promises import HeldOut, Promises, fit_promises
from sightline.calibration.temperature import (
    Temperature,
    assign_folds,
    cross_fitted_logits,
    describe_temperature,
)
from sightline.errors import TooFewError
from sightline.machine.text import significant
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.bins import reliability
from sightline.metrics.classification.checks import check
from sightline.metrics.comparison.gains import gains
from sightline.metrics.documents.calibration import Calibration, ReliabilityBin, TemperatureFit
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions

Ints = NDArray[np.int64]

FEW = 100
"""From so many items, or groups, on a temperature keeps most of what it can gain (`benchmarks/temperature.py`)."""
HELD_BACK = 0.8
"""Of log T: a temperature closer to 1 than this share of the likeliest one is said to be held back."""


def calibrate(
    predictions: Predictions,
    *,
    promises: Promises,
    resampling: Resampling,
    bins: int,
    held_out: HeldOut | None = None,
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
        TooFewError: there are fewer than two items, or groups.
        UsageError: the predictions are none, or hold numbers that are not finite.
    """
    check(predictions)
    logits, labels, groups = predictions.logits, predictions.labels, resampling.groups
    if (resampling.n_groups or len(labels)) < 2:
        raise TooFewError(too_few("image" if groups is None else "group of images"))
    first = temperature_half(labels, resampling.seed, groups)
    of_first = None if groups is None else groups[first]
    fitted = describe_temperature(logits[first], labels[first], resampling.level, of_first)
    before, after = _before_and_after(predictions, resampling, bins)
    (errors_before, null_before), (errors_after, null_after) = (
        errors(binned, labels, resampling) for binned in (before, after)
    )
    return {
        "split": "calibration",
        "n": len(predictions),
        "n_temperature": int(first.sum()),
        "n_promises": int((~first).sum()),
        "temperature": fitted.value,
        "temperature_fit": _of_images(fitted, len(labels[first]), of_first),
        "gain": gains(before, after, labels, resampling),
        "bins": bins,
        "calibrators": compare_calibrators(logits.astype(np.float64), labels, first, bins, resampling),
        "before": errors_before,
        "after": errors_after,
        "null": {"before": null_before.mean, "after": null_after.mean},
        "null_high": {"before": null_before.high, "after": null_after.high},
        "reliability": {
            "before": _reliability(before, labels, resampling),
            "after": _reliability(after, labels, resampling),
        },
        **fit_promises(_part(predictions, ~first, groups), fitted.value, promises, resampling, held_out),
    }


def too_few(what: str) -> str:
    """What is said of a calibration split with one image, or one group of them."""
    return (
        f"the calibration split has 1 {what}, and it takes two at least, one for each half: "
        "raise data.calibration_fraction in a new training, or add images"
    )


def temperature_half(labels: Ints, seed: int, groups: Ints | None) -> NDArray[np.bool_]:
    """(n,) the items of a calibration split that the temperature is fitted on; sets and thresholds see the others."""
    return np.equal(assign_folds(labels, 2, seed, groups), 0)


def _part(predictions: Predictions, chosen: NDArray[np.bool_], groups: Ints | None) -> HeldOut:
    """Some of the items."""
    part = Predictions(predictions.ids[chosen], predictions.logits[chosen], predictions.labels[chosen])
    return HeldOut(part, None if groups is None else groups[chosen])


def _before_and_after(
    predictions: Predictions, resampling: Resampling, bins: int
) -> tuple[BinnedPredictions, BinnedPredictions]:
    """The same answers at temperature 1, and each half at the temperature of the other."""
    logits, labels = predictions.logits, predictions.labels
    scaled = cross_fitted_logits(logits, labels, folds=2, seed=resampling.seed, groups=resampling.groups)
    predicted = logits.argmax(axis=1)
    before, after = (
        BinnedPredictions.of(softmax(shown, axis=1), bins, predicted) for shown in (logits.astype(np.float64), scaled)
    )
    return before, after


def _reliability(binned: BinnedPredictions, labels: Ints, resampling: Resampling) -> list[ReliabilityBin]:
    return reliability(binned.confidence, np.equal(binned.predicted, labels), binned.bins, resampling)


def _of_images(fitted: Temperature, n: int, groups: Ints | None) -> TemperatureFit:
    n_groups = None if groups is None else len(np.unique(groups))
    units = f"{n} images" if n_groups is None else f"{n} images of {n_groups} groups"
    return described(fitted, n, n_groups, units)


def described(fitted: Temperature, n: int, n_groups: int | None, units: str) -> TemperatureFit:
    """The temperature, ready for JSON.

    Args:
        fitted: the temperature.
        n: how many items it is from.
        n_groups: of how many groups, or None where items stand for themselves.
        units: both, in words.
    """
    few = (n if n_groups is None else n_groups) < FEW
    return {
        "value": fitted.value,
        "low": fitted.low,
        "high": fitted.high,
        "level": fitted.level,
        "method": "profile likelihood" + ("" if n_groups is None else ", groups"),
        "likeliest": fitted.likeliest,
        "at_bound": fitted.at_bound,
        "few": few,
        "n": n,
        "n_groups": n_groups,
        "note": _note(fitted, units, few),
    }


def _note(fitted: Temperature, units: str, few: bool) -> str:
    """What a reader must know about the temperature."""
    said = []
    if fitted.at_bound:
        wish = "no sharpness fits" if fitted.likeliest == LOWEST else "no softness fits"
        said.append(
            f"The likeliest temperature is a bound of the search, {fitted.likeliest:g}: {wish} these images enough."
        )
    elif (fitted.low, fitted.high) == (LOWEST, HIGHEST):
        said.append("These images do not tell one temperature from another.")
    if fitted.value == 1:
        said.append(f"It stays at 1: {units} do not show that another would do better by more than chance.")
    elif abs(np.log(fitted.value)) < HELD_BACK * abs(np.log(fitted.likeliest)):
        said.append(f"{units} hold it back towards 1 from the likeliest, {significant(fitted.likeliest, 3)}.")
    if few:
        said.append(f"{FEW} and more would tell.")
    return " ".join(said)
