"""Every score of a set of predictions, alone or with its interval."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.catalogue import METRICS, measured_of
from sightline.metrics.classification.binned import BinnedPredictions, blocks_of
from sightline.metrics.classification.class_shares import ClassAnswers, area_shares, class_shares
from sightline.metrics.classification.error_limits import centred_limits, expected_error_limits
from sightline.metrics.classification.null_calibration import null_calibration
from sightline.metrics.classification.ranking import RocAuc, roc_auc_ovr
from sightline.metrics.classification.resampled import Contributions, Resampled, resample, score_sums
from sightline.metrics.intervals.bootstrap import share_limits
from sightline.metrics.intervals.interval import Interval, undefined
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.intervals.score_test import ClassShares, Losses, mean_of_losses, mean_of_shares
from sightline.metrics.metric import Metric
from sightline.metrics.scores.sums import Block

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

CALIBRATION = tuple(name for name in measured_of("classification") if METRICS[name].judges_probabilities)
"""The scores that judge probabilities; the others judge the answers and their order."""
RESAMPLED = ("inverted test", "centred", "resampled Wilson")
"""Limits that take a bootstrap."""


@dataclass(frozen=True)
class Scored:
    """Predictions beside their truth.

    Attributes:
        binned: the predictions.
        labels: (n,) the truth.
    """

    binned: BinnedPredictions
    labels: Ints

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether each answer is right."""
        return np.equal(self.labels, self.binned.predicted)

    @cached_property
    def auc(self) -> RocAuc:
        """The areas under the ROC curves.

        With many classes nothing else takes as long, so it waits until a metric needs it.
        """
        return roc_auc_ovr(self.binned.probabilities, self.labels)

    def areas(self, groups: Ints | None) -> RocAuc:
        """The same, with the variance that (n,) groups give them."""
        return self.auc if groups is None else roc_auc_ovr(self.binned.probabilities, self.labels, groups)

    def metrics(self, only: Collection[str] | None = None) -> list[Metric]:
        """What can be measured here, in the order of the catalogue."""
        named = [METRICS[name] for name in measured_of("classification") if only is None or name in only]
        return [metric for metric in named if self.binned.classes >= metric.fewest_classes]

    def values(self, only: Collection[str] | None = None) -> dict[str, float]:
        """Every score by name, or only some; one that says nothing with so few classes is left out."""
        metrics = self.metrics(only)
        needed = blocks_of(metrics)
        ones = np.ones((len(self.labels), 1))
        class_probability = self.binned.probabilities.T @ ones if "class_probability" in needed else None
        products = self.binned.contributions(self.labels) @ ones
        scores = score_sums(self.binned, metrics, products, class_probability, self._area(needed))
        return {
            metric.name: float(scores[metric.name][0] if metric.name in scores else self.hits(metric).mean())
            for metric in metrics
        }

    def hits(self, metric: Metric) -> NDArray[np.bool_]:
        """(n,) which items count for a metric that is a share of items."""
        assert metric.hits is not None, f"{metric.name} is no share of items"
        return metric.hits(self.binned.probabilities, self.binned.predicted, self.labels)

    def intervals(
        self, resampling: Resampling, *, only: Collection[str] | None = None, null: Mapping[str, float] | None = None
    ) -> dict[str, Interval]:
        """Every score by name with its limits, found as the catalogue says.

        All are about the population: how many items of a class there are is chance too.

        - Wilson: those of a share of items.
        - classes: `mean_of_shares`, for means over classes.
        - mean: `mean_of_losses`, for means over items.
        - inverted test: `expected_error_limits`, for estimates of the expected error with equal-width bins.
        - centred: `centred_limits`, for other calibration errors.
        - resampled Wilson: `share_limits`, for any other score between 0 and 1 that behaves like a share.

        The last three resample items, or whole groups, and besides z^2 / 2 items that are wrong and as many that are
        right, on average: what Agresti and Coull (1998) add to a proportion. Without them a model that makes no mistake
        on these items would seem certain to make none. With few groups all limits widen as Student's t does.

        Args:
            resampling: how sure the limits are, and what is resampled.
            only: the scores that are wanted; all of them by default.
            null: what `null_calibration` says of these predictions, where it is known already.
        """
        metrics = self.metrics(only)
        values = self.values(only)
        drawn = [metric for metric in metrics if metric.limits in RESAMPLED]
        resampled = None
        if drawn:
            contributions = Contributions(*(self.binned.contributions(labels) for labels in self._labellings))
            resampled = resample(self.binned, drawn, contributions, resampling, self.right)
        if null is None and any(metric.limits == "centred" for metric in metrics):
            null = null_calibration(self.binned, resampling.seed).mean
        return {
            metric.name: self._interval(metric, values[metric.name], resampled, resampling, null or {})
            for metric in metrics
        }

    def _interval(
        self,
        metric: Metric,
        value: float,
        resampled: Resampled | None,
        resampling: Resampling,
        null: Mapping[str, float],
    ) -> Interval:
        level = resampling.level
        if not np.isfinite(value):
            return undefined(level)
        match metric.limits:
            case "Wilson":
                return resampling.share(self.hits(metric))
            case "classes":
                low, high = self._mean_of_classes(metric, value, resampling)
                return Interval(value, low, high, level, resampling.named("Wilson, classes"))
            case "mean":
                losses = self._losses(metric, resampling)
                low, high = mean_of_losses(losses, level, resampling.groups, resampling.caution)
                low, high = max(metric.smallest, min(low, value)), min(metric.highest, max(high, value))
                return Interval(value, low, high, level, resampling.named("score test"))
        assert resampled is not None, f"{metric.name} is resampled"
        return self._resampled_interval(metric, value, resampled, resampling, null)

    def _resampled_interval(
        self, metric: Metric, value: float, resampled: Resampled, resampling: Resampling, null: Mapping[str, float]
    ) -> Interval:
        level, name = resampling.level, metric.name
        if metric.limits == "resampled Wilson":
            found = share_limits(value, resampled.samples[name], resampled.centre[name], level)
            return resampling.widened(found, metric.smallest, metric.highest)
        if metric.limits == "inverted test":
            found = expected_error_limits(
                value,
                gaps=resampled.gaps,
                samples=resampled.gap_samples,
                noise=self.binned.noise,
                total=len(self.labels),
                level=level,
            )
        else:
            found = centred_limits(value, resampled.samples[name], null[name], level)
        found = resampling.widened(found, metric.smallest, metric.highest)
        if "class_bin_residual" in metric.needs:  # it is about all probabilities, not those of the answers
            return found
        # The error is no smaller than the gap between accuracy and mean confidence, whatever the bins.
        share, sure = resampling.share(self.right), float(self.binned.confidence.mean())
        low, high = found.low, max(found.high, abs(share.low - sure), abs(share.high - sure))
        if resampling.groups is not None:  # few groups may be alike by chance, and no bootstrap knows
            low = min(low, max(0.0, value - max(share.high - share.value, share.value - share.low)))
        return Interval(value, low, min(high, metric.highest), level, found.method)

    def _mean_of_classes(self, metric: Metric, value: float, resampling: Resampling) -> tuple[float, float]:
        shares = self._class_shares(metric, resampling)
        low, high = mean_of_shares(shares, value, resampling.level, resampling.caution)
        if metric.mean is not None and metric.mean.over == "support":
            # Of a class that is not seen only accuracy reckons with mistakes, and this is no surer than it.
            share = resampling.share(self.right)
            low, high = min(low, value - (share.value - share.low)), max(high, value + (share.high - share.value))
        return max(0.0, low), min(1.0, high)

    def _class_shares(self, metric: Metric, resampling: Resampling) -> ClassShares:
        assert metric.mean is not None, f"{metric.name} is no mean over classes"
        groups = resampling.groups
        if metric.mean.of == "area":
            return area_shares(self.areas(groups))
        return class_shares(metric.mean, ClassAnswers(self.labels, self.binned.predicted, self.binned.classes, groups))

    def _losses(self, metric: Metric, resampling: Resampling) -> Losses:
        """What the items lose, and would lose if their answers were wrong, or right."""
        assert metric.losses is not None, f"{metric.name} is no mean over items"
        each, wrong, right = (metric.losses(self.binned.probabilities, labels) for labels in self._labellings)
        mistakes = float((~self.right).mean())
        return Losses(each, float(wrong.mean()), float(right.mean()), mistakes, resampling.effective_size(self.right))

    @cached_property
    def _labellings(self) -> tuple[Ints, Ints, Ints]:
        """The truth; labels that make each answer wrong, by its runner-up among the classes seen; labels that fit."""
        seen = np.bincount(self.labels, minlength=self.binned.classes) > 0
        rest = np.where(seen | (seen.sum() < 2), self.binned.probabilities, -1.0)
        rest[np.arange(len(rest)), self.binned.predicted] = -2.0
        return self.labels, rest.argmax(axis=1), self.binned.predicted

    def _area(self, needed: Collection[Block]) -> float:
        """The area under the ROC curve, where it is needed."""
        return self.auc.macro if "area" in needed else np.nan
