"""Every score of a set of masks, alone or with its limits, from a confusion matrix an image."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.catalogue import MASKS, METRICS, measured_of
from sightline.metrics.intervals.interval import Interval
from sightline.metrics.intervals.ratios import Ratios
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.metric import Metric
from sightline.metrics.scores import counts, pixels
from sightline.metrics.scores.sums import Sums, sums_of_confusion

Reals = NDArray[np.float64]
Share = Literal["iou", "dice", "precision", "recall"]
SHARES: tuple[Share, ...] = ("iou", "dice", "precision", "recall")
"""What is measured of each class."""
METHOD = "jackknife of images, log-odds"


@dataclass(frozen=True)
class ScoredMasks:
    """Masks beside their truth.

    Attributes:
        confusions: (n, classes, classes) pixels of each image that count, rows the truth. Images without any count for
            nothing.
    """

    confusions: NDArray[np.int64]

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """(n,) which images have a pixel that counts."""
        return np.asarray(self.confusions.any(axis=(1, 2)))

    @cached_property
    def sums(self) -> Sums:
        """(classes, images) pixels of each image that counts."""
        return sums_of_confusion(self.confusions[self.counted].astype(np.float64))

    @cached_property
    def total(self) -> Sums:
        """(classes,) pixels of all images."""
        return {name: each.sum(axis=1) for name, each in self.sums.items()}

    @cached_property
    def occurs(self) -> NDArray[np.bool_]:
        """(classes,) which are true or predicted somewhere."""
        return pixels.union(self.total) > 0

    @cached_property
    def by_image(self) -> dict[str, Reals]:
        """(images,) scores of each image that counts; the means are over the classes that occur in it."""
        return {
            "image_iou": pixels.mean_iou(self.sums),
            "image_dice": pixels.mean_dice(self.sums),
            "image_accuracy": counts.accuracy(self.sums),
        }

    def values(self, only: Collection[str] | None = None) -> dict[str, float]:
        """Every score by name, or only some; NaN where no pixel counts."""
        found = {}
        with np.errstate(invalid="ignore"):
            for metric in self._metrics(only):
                if metric.score is None:
                    each = self.by_image[metric.name]
                    found[metric.name] = float(each.mean()) if len(each) else np.nan
                else:
                    found[metric.name] = float(metric.score(self.total))
        return found

    def intervals(self, resampling: Resampling, *, only: Collection[str] | None = None) -> dict[str, Interval]:
        """Every score by name with its limits, which are about the population of images (`metrics/intervals/ratios`).

        Args:
            resampling: how sure limits are, and which images belong together. Nothing is drawn.
            only: the scores that are wanted; all of them by default.
        """
        values = self.values(only)
        level, name = resampling.level, resampling.named(METHOD)
        found = {}
        for metric in self._metrics(only):
            if metric.limits == "mean of ratios":
                interval = self._of_mean(metric, resampling)
            else:
                (interval,) = self._single(metric, resampling).intervals(level, name)
            value = values[metric.name]
            found[metric.name] = Interval(value, interval.low, interval.high, level, interval.method)
        return found

    def of_classes(self, share: Share, resampling: Resampling) -> list[Interval]:
        """A score of each class with its limits; not defined where its denominator is 0."""
        return self._ratios(share, resampling).intervals(resampling.level, resampling.named(METHOD))

    def groups(self, resampling: Resampling) -> NDArray[np.int64] | None:
        """(images,) the groups of the images that count, without gaps."""
        return resampling.among(self.counted).groups

    def _metrics(self, only: Collection[str] | None) -> list[Metric]:
        return [METRICS[name] for name in measured_of(MASKS) if only is None or name in only]

    def _of_mean(self, metric: Metric, resampling: Resampling) -> Interval:
        share: Share = next(share for share in SHARES if metric.name == f"mean_{share}")
        ratios = self._ratios(share, resampling)
        if share == "precision":  # of a class that is never predicted any is possible, and it counts as 0
            silent = self.occurs & (self.total["predicted"] == 0)
            wholes, evidence = np.where(silent, 1.0, ratios.wholes), np.where(silent, 0.0, ratios.evidence)
            ratios = Ratios(ratios.parts, wholes, evidence)
        return ratios.mean(resampling.level, resampling.named(METHOD))

    def _ratios(self, share: Share, resampling: Resampling) -> Ratios:
        """A score of each class, as parts and wholes of images."""
        right, truth, predicted = (self.sums[name].T for name in ("right", "truth", "predicted"))
        parts, wholes = {
            "iou": (right, truth + predicted - right),
            "dice": (2 * right, truth + predicted),
            "precision": (right, predicted),
            "recall": (right, truth),
        }[share]
        return Ratios.of(parts, wholes, truth, self.groups(resampling))

    def _single(self, metric: Metric, resampling: Resampling) -> Ratios:
        """A score of all classes together, or a mean over images."""
        truth = self.sums["truth"].sum(axis=0)
        if metric.name in self.by_image:
            parts, wholes = self.by_image[metric.name], np.ones_like(truth)
        else:
            right = self.sums["right"].sum(axis=0)
            parts, wholes = {
                "micro_iou": (right, 2 * truth - right),
                "micro_dice": (2 * right, 2 * truth),
                "pixel_accuracy": (right, truth),
            }[metric.name]
        return Ratios.of(parts[:, None], wholes[:, None], wholes[:, None], self.groups(resampling))
