"""Sets of classes for every pixel that keep what they miss of an image below a bound, on average over images.

Conformal risk control (Angelopoulos et al. 2024): what sets miss of an image falls as the threshold falls, and is
between 0 and 1, so the largest threshold at which (sum over n images + 1) / (n + 1) is at most alpha keeps the expected
share of a further image below alpha, as long as it is exchangeable with them. Pixels of an image are not exchangeable
with others, so images count, or whole groups of them. Some pixels of each image, drawn at random, show its share
without bias.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.conformal import units_needed
from sightline.calibration.judge import EVERY_CLASS
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.documents.segmentation import MaskSets
from sightline.metrics.intervals.ratios import Ratios
from sightline.metrics.intervals.resampling import Resampling

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
METHOD = "jackknife of images, log-odds"


@dataclass(frozen=True)
class PixelAnswers:
    """What a model says of m sampled pixels of some images.

    Attributes:
        probabilities: (m, classes), after the temperature.
        labels: (m,) the truth.
        images: (m,) the image of each pixel, as integers from 0 without a gap.
        groups: (images,) the group of each image, likewise, or None where each stands for itself.
    """

    probabilities: Reals
    labels: Ints
    images: Ints
    groups: Ints | None

    @property
    def of_truth(self) -> Reals:
        """(m,) the probability of the true class."""
        return np.asarray(self.probabilities[np.arange(len(self.labels)), self.labels])

    def units(self, images: Ints) -> Ints:
        """(n,) what these images count as."""
        return images if self.groups is None else self.groups[images]


def fit_sets(answers: PixelAnswers, alphas: Sequence[float]) -> list[MaskSets]:
    """Thresholds of both kinds of sets, for each alpha.

    Args:
        answers: of pixels that fitted nothing.
        alphas: shares of an image's pixels that sets may miss on average.
    """
    found: list[MaskSets] = []
    classes = answers.probabilities.shape[1]
    units = "images" if answers.groups is None else "groups"
    of_class = [answers.labels == label for label in range(classes)]
    for alpha in alphas:
        every = _threshold(answers, np.ones(len(answers.labels), dtype=np.bool_), alpha)
        least = (
            f"fewer than {units_needed(alpha)} {'images with a mask' if units == 'images' else 'groups with a mask'}"
        )
        lacking = f"{least} in the half that sets come from: {EVERY_CLASS}" if every is None else ""
        found.append(_sets("pixel", alpha, every, lacking, units))
        each = [_threshold(answers, chosen, alpha) for chosen in of_class]
        few = sum(value is None for value in each)
        lacking = f"fewer than {units_needed(alpha)} {units} hold {few} of {classes} classes, which are in every set"
        found.append(_sets("class", alpha, each, lacking if few else "", units))
    return found


def _sets(of: str, alpha: float, threshold: float | list[float | None] | None, lacking: str, units: str) -> MaskSets:
    new = "a further image" if units == "images" else "the images of a further group"
    if of == "pixel":
        promise = f"Of the pixels of {new}, sets lack the true class for {alpha:.0%} at most, on average over {units}."
        return {"of": "pixel", "alpha": alpha, "threshold": threshold, "promise": promise, "empty_promise": lacking}
    promise = (
        f"Of the pixels of a class in {new} that holds it, sets lack the class for {alpha:.0%} at most, on average "
        f"over such {units}: its false-negative share."
    )
    return {"of": "class", "alpha": alpha, "threshold": threshold, "promise": promise, "empty_promise": lacking}


def _threshold(answers: PixelAnswers, chosen: NDArray[np.bool_], alpha: float) -> float | None:
    """The largest threshold that keeps what is missed of the chosen pixels; None where there are too few images."""
    images = answers.images[chosen]
    kept, places = np.unique(images, return_inverse=True)
    owners = answers.units(kept)
    units = len(np.unique(owners))
    budget = alpha * (units + 1) - 1
    if budget < -1e-9:
        return None
    share = 1 / np.bincount(places)[places] / np.bincount(owners)[owners[places]]
    truth = answers.of_truth[chosen]
    order = np.argsort(truth, kind="stable")
    missed = np.cumsum(share[order])  # if the threshold lay just above this pixel
    held = int(np.searchsorted(missed, budget + 1e-9, side="right"))
    return float(truth[order[min(held, len(order) - 1)]])


def judge_sets(entries: Sequence[MaskSets], answers: PixelAnswers, resampling: Resampling) -> list[MaskSets]:
    """What sets miss of images that fitted none of them, and how large they are.

    Args:
        entries: `sets` of `calibration.json`.
        answers: of pixels of those images.
        resampling: the confidence of the limits.
    """
    return [_judged(entry, answers, resampling) for entry in entries]


def _judged(entry: MaskSets, answers: PixelAnswers, resampling: Resampling) -> MaskSets:
    known = entry["threshold"] if isinstance(entry["threshold"], list) else [entry["threshold"]]
    thresholds = np.array([0.0 if value is None else value for value in known])
    sets = answers.probabilities >= thresholds
    classes = sets.shape[1]
    missed = ~sets[np.arange(len(sets)), answers.labels]
    every = np.zeros_like(answers.labels)
    size = _by_image(sets.sum(axis=1) / classes, every, 1, answers).intervals(resampling.level, METHOD)[0].to_json()
    found: MaskSets = {**entry, "size": _times(size, classes)}
    name = resampling.named(METHOD)
    if entry["of"] == "pixel":
        found["missed"] = _by_image(missed, every, 1, answers).intervals(resampling.level, name)[0].to_json()
        return found
    by_class = _by_image(missed, answers.labels, classes, answers)
    found["missed"] = by_class.mean(resampling.level, name).to_json()
    found["missed_by_class"] = [one.to_json() for one in by_class.intervals(resampling.level, name)]
    return found


def _by_image(values: NDArray[np.generic], part: Ints, parts: int, answers: PixelAnswers) -> Ratios:
    """Means over images of the mean over their pixels of each part."""
    images = int(answers.images.max()) + 1
    key = answers.images * parts + part
    counts = np.bincount(key, minlength=images * parts).reshape(images, parts)
    sums = np.bincount(key, weights=values.astype(np.float64), minlength=images * parts).reshape(images, parts)
    there = (counts > 0).astype(np.float64)
    return Ratios.of(sums / np.maximum(counts, 1), there, there, answers.groups)


def _times(interval: IntervalJson, factor: int) -> IntervalJson:
    ends = (None if end is None else factor * end for end in (interval["value"], interval["low"], interval["high"]))
    value, low, high = ends
    return {**interval, "value": value, "low": low, "high": high}
