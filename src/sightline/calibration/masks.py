"""Probabilities of pixels, calibrated and judged by sampled pixels of whole images: the content of `calibration.json`.

A temperature and calibration errors are those of classification with pixels as items and their images, or groups of
these, as what belongs together: so a thousand pixels of one image do not count as a thousand images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sightline.calibration.calibrate import described, temperature_half, too_few
from sightline.calibration.mask_sets import PixelAnswers, fit_sets, judge_sets
from sightline.calibration.temperature import cross_fitted_logits, describe_temperature
from sightline.errors import TooFewError, UsageError
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.bins import reliability
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.comparison.gains import gains
from sightline.metrics.documents.calibration import ReliabilityBin
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.documents.segmentation import CalibratedMasks, MaskCalibration
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.segmentation.predictions import MaskPredictions

Ints = NDArray[np.int64]
ERRORS = ("log_loss", "brier", "ece", "ece_debiased")
"""What pixels are judged by."""
GAINED = ("log_loss", "brier", "ece_debiased")
NOTE = (
    "Pixels of an image belong together, so intervals and the split into halves are by images. Every image counts by "
    "as many pixels, so these numbers weigh images alike, whatever their size. What sets promise holds on average over "
    "images like these, not for each, and is void for images of another kind."
)


@dataclass(frozen=True)
class SampledPixels:
    """The sampled pixels of some images, and which belong together.

    Attributes:
        logits: (m, classes).
        labels: (m,).
        images: (m,) the image of each, as integers from 0 without a gap.
        groups: (images,) the group of each image, likewise, or None.
    """

    logits: NDArray[np.float32]
    labels: Ints
    images: Ints
    groups: Ints | None

    @classmethod
    def of(cls, predictions: MaskPredictions, groups: Ints | None) -> "SampledPixels":
        """Of all images that have some.

        Args:
            predictions: of n images.
            groups: (n,) the group of each image as integers, or None.

        Raises:
            UsageError: there are none.
        """
        if not len(predictions.pixel_labels):
            raise UsageError("these predictions hold no logits of pixels, so probabilities cannot be judged")
        kept, images = np.unique(predictions.pixel_images, return_inverse=True)
        codes = None if groups is None else np.unique(groups[kept], return_inverse=True)[1].astype(np.int64)
        return cls(predictions.pixel_logits, predictions.pixel_labels, images.astype(np.int64), codes)

    @property
    def units(self) -> Ints:
        """(m,) what each pixel counts with: its image, or the group of that."""
        return self.images if self.groups is None else self.groups[self.images]

    @property
    def n_images(self) -> int:
        """How many images there are."""
        return int(self.images.max()) + 1

    def part(self, chosen: NDArray[np.bool_]) -> "SampledPixels":
        """Whole images."""
        kept, images = np.unique(self.images[chosen], return_inverse=True)
        codes = None if self.groups is None else np.unique(self.groups[kept], return_inverse=True)[1].astype(np.int64)
        return SampledPixels(self.logits[chosen], self.labels[chosen], images.astype(np.int64), codes)

    def answers(self, temperature: float) -> PixelAnswers:
        """Probabilities at a temperature."""
        return PixelAnswers(self._softmax(temperature), self.labels, self.images, self.groups)

    def binned(self, bins: int, temperature: float = 1.0) -> BinnedPredictions:
        """The same in bins of confidence."""
        return BinnedPredictions.of(self._softmax(temperature), bins, self.logits.argmax(axis=1))

    def cross_fitted(self, bins: int, seed: int) -> BinnedPredictions:
        """Each half of the images at the temperature of the other."""
        scaled = cross_fitted_logits(self.logits, self.labels, folds=2, seed=seed, groups=self.units)
        return BinnedPredictions.of(softmax(scaled, axis=1), bins, self.logits.argmax(axis=1))

    def resampling(self, like: Resampling) -> Resampling:
        """Of pixels by their images, or groups."""
        return Resampling(like.level, like.resamples, like.seed, self.units)

    def _softmax(self, temperature: float) -> NDArray[np.float64]:
        found: NDArray[np.float64] = softmax(self.logits.astype(np.float64) / temperature, axis=1)
        return found


def calibrate_masks(
    predictions: MaskPredictions,
    *,
    alphas: tuple[float, ...],
    resampling: Resampling,
    bins: int,
    held_out: SampledPixels | None = None,
) -> MaskCalibration:
    """Fit a temperature on half of the calibration images and sets on the others, and measure them.

    Args:
        predictions: of the calibration split.
        alphas: what sets may miss of an image.
        resampling: how intervals are found; its seed deals the halves, and groups stay in one half.
        bins: of the calibration errors and the reliability table.
        held_out: of a split that fitted nothing, on which sets are measured; without it they are not.

    Raises:
        UsageError: there are no sampled pixels.
        TooFewError: there are fewer than two images, or groups.
    """
    pixels = SampledPixels.of(predictions, resampling.groups)
    units = pixels.units
    if int(units.max()) < 1:
        raise TooFewError(too_few("image" if resampling.groups is None else "group of images"))
    first = temperature_half(pixels.labels, resampling.seed, units)
    fitting, promising = pixels.part(first), pixels.part(~first)
    fitted = describe_temperature(fitting.logits, fitting.labels, resampling.level, fitting.units)
    by_image = pixels.resampling(resampling)
    before, after = pixels.binned(bins), pixels.cross_fitted(bins, resampling.seed)
    sets = fit_sets(promising.answers(fitted.value), alphas)
    if held_out is not None:
        sets = judge_sets(sets, held_out.answers(fitted.value), resampling)
    words = f"{len(fitting.labels):,} pixels of {fitting.n_images} images"
    return {
        "split": "calibration",
        "n": pixels.n_images,
        "pixels": len(pixels.labels),
        "n_temperature": fitting.n_images,
        "n_promises": promising.n_images,
        "n_groups": resampling.n_groups,
        "sampling": _sampling(pixels),
        "temperature": fitted.value,
        "temperature_fit": described(fitted, len(fitting.labels), int(fitting.units.max()) + 1, words),
        "bins": bins,
        "before": _errors(before, pixels.labels, by_image),
        "after": _errors(after, pixels.labels, by_image),
        "gain": gains(before, after, pixels.labels, by_image, GAINED),
        "reliability": {
            "before": _reliability(before, pixels.labels, by_image),
            "after": _reliability(after, pixels.labels, by_image),
        },
        "sets": sets,
        "judged_on": 0 if held_out is None else held_out.n_images,
        "notes": [NOTE],
    }


def judge_masks(
    calibration: Mapping[str, Any], split: str, predictions: MaskPredictions, resampling: Resampling
) -> CalibratedMasks:
    """Measure what `calibration.json` holds: `calibrated` of `evaluation.json`.

    Of the images that fitted it each half is judged at the temperature of the other, and sets are not judged.

    Args:
        calibration: the content of `calibration.json`.
        split: of the images.
        predictions: of the images.
        resampling: how intervals are found, with the groups of the images.
    """
    pixels, bins = SampledPixels.of(predictions, resampling.groups), calibration["bins"]
    temperature, fitted = calibration["temperature"], calibration["split"] == split
    by_image = pixels.resampling(resampling)
    after = pixels.cross_fitted(bins, resampling.seed) if fitted else pixels.binned(bins, temperature)
    return {
        "pixels": len(pixels.labels),
        "temperature": temperature,
        "cross_fitted": fitted,
        "before": _errors(pixels.binned(bins), pixels.labels, by_image),
        "metrics": _errors(after, pixels.labels, by_image),
        "reliability": _reliability(after, pixels.labels, by_image),
        "sets": [] if fitted else judge_sets(calibration["sets"], pixels.answers(temperature), resampling),
    }


def _errors(binned: BinnedPredictions, labels: Ints, by_image: Resampling) -> dict[str, IntervalJson]:
    found = Scored(binned, labels).intervals(by_image, only=ERRORS)
    return {name: interval.to_json() for name, interval in found.items()}


def _reliability(binned: BinnedPredictions, labels: Ints, by_image: Resampling) -> list[ReliabilityBin]:
    return reliability(binned.confidence, np.equal(binned.predicted, labels), binned.bins, by_image)


def _sampling(pixels: SampledPixels) -> str:
    """How the pixels were chosen, in words."""
    most = int(np.bincount(pixels.images).max())
    return (
        f"{len(pixels.labels):,} pixels of {pixels.n_images} images: of each up to {most}, drawn at random from those "
        "that count"
    )
