"""Every score of a set of answers, alone or with its interval."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sightline.errors import UsageError
from sightline.metrics.classification.inverted_test import inverted_limits
from sightline.metrics.classification.null_calibration import perfect_calibration
from sightline.metrics.classification.ranking import RocAuc, roc_auc_ovr
from sightline.metrics.classification.scores import top_k_hits
from sightline.metrics.classification.sums import Answers
from sightline.metrics.intervals.bootstrap import Resampler, percentile, reach, share_limits
from sightline.metrics.intervals.interval import Interval, effective_sizes, undefined, wilson, wilson_share, z_score
from sightline.metrics.predictions import Predictions

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

CALIBRATION = ("log_loss", "brier", "ece", "ece_debiased", "ece_adaptive", "ece_classwise", "mce")
"""The scores that judge probabilities; the others judge the answers and their order."""

_SHARES = ("accuracy", "top5_accuracy", "f1_micro")
_CENTRED = frozenset({"ece_adaptive", "ece_classwise", "mce"})
_LARGEST = {"log_loss": np.inf, "brier": 2.0}
_BLOCK, _FEWEST = 200_000, 10
"""Numbers of a block of resamples, which the caches should hold, and columns it has at least."""


def check(predictions: Predictions, classes: int | None = None) -> None:
    """Refuse predictions from which no number can follow.

    Raises:
        UsageError: no items; shapes that do not fit; a logit that is not finite; a label that is no class.
    """
    logits, labels = predictions.logits, predictions.labels
    if logits.ndim != 2 or logits.shape[1] < 2 or len(logits) != len(labels) or not len(labels):
        raise UsageError(
            f"predictions: logits {logits.shape} for {len(labels)} labels; they take (n, classes) for n > 0"
        )
    width = logits.shape[1]
    if classes is not None and width != classes:
        raise UsageError(f"predictions: logits for {width} classes, but {classes} class names")
    if broken := int((~np.isfinite(logits)).any(axis=1).sum()):
        raise UsageError(f"predictions: {broken} of {len(labels)} items have a logit that is NaN or infinite")
    if labels.min() < 0 or labels.max() >= width:
        raise UsageError(f"predictions: labels from {labels.min()} to {labels.max()}, but logits for {width} classes")


@dataclass(frozen=True)
class Scored:
    """Answers beside their truth.

    Attributes:
        answers: what the model answered.
        labels: (n,) the truth.
        groups: (n,) the group of each item as integers from 0, or None.
        ranked: whether the area under the ROC curve is wanted, the one score that takes long with many classes.
    """

    answers: Answers
    labels: Ints
    groups: Ints | None = None
    ranked: bool = True

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether each answer is right."""
        return np.equal(self.labels, self.answers.predicted)

    @cached_property
    def auc(self) -> RocAuc:
        """The areas under the ROC curves, with the influence of the items under each of `_labellings`."""
        if not self.ranked:
            return RocAuc(np.full(self.answers.classes, np.nan), np.nan, np.zeros((3, len(self.labels))))
        return roc_auc_ovr(self.answers.probabilities, self.labels, self._labellings)

    def values(self) -> dict[str, float]:
        """Every score by name; `top5_accuracy` is there only with more than five classes."""
        ones = np.ones((len(self.labels), 1))
        values = self._once(self.answers.contributions(self.labels) @ ones, self.answers.probabilities.T @ ones)
        if self.answers.classes <= 5:
            return values
        return {"accuracy": values.pop("accuracy"), "top5_accuracy": float(self._top5.mean()), **values}

    def intervals(
        self,
        *,
        level: float,
        resamples: int,
        seed: int,
        only: tuple[str, ...] | None = None,
        null: Mapping[str, float] | None = None,
    ) -> dict[str, Interval]:
        """Every score by name with its limits.

        Shares of items have Wilson's; other scores between 0 and 1 see `share_limits`; `ece` and
        `ece_debiased` see `inverted_limits`, other calibration errors `_error_limits`; log-loss and Brier score have
        percentiles. A resample takes items within their classes, or
        whole groups, and besides z^2 / 2 items that are wrong and as many that are right, on average: what Agresti and
        Coull (1998) add to a proportion. Without them a model that makes no mistake on these items would seem certain
        to make none. With few groups the limits widen as Student's t does.

        Args:
            level: confidence of the limits.
            resamples: how many.
            seed: of all draws.
            only: the scores that are wanted; all of them by default.
            null: what `perfect_calibration` says of these answers, where it is known already.
        """
        values = {name: value for name, value in self.values().items() if only is None or name in only}
        centre, samples, residuals = self._resample(level, resamples, seed, values)
        if null is None and not _CENTRED.isdisjoint(values):
            null = perfect_calibration(self.answers, seed)
        found = {}
        for name, value in values.items():
            if not np.isfinite(value):
                found[name] = undefined(level)
            elif name in _SHARES:
                found[name] = self.share(self._top5 if name == "top5_accuracy" else self.right, level)
            elif name in _LARGEST:
                found[name] = self._widened(name, percentile(value, samples[name], level))
            elif name in ("ece", "ece_debiased"):
                found[name] = self._widened(name, self._expected_error(value, residuals, level, name == "ece"))
            elif null is not None and name in _CENTRED:
                found[name] = self._widened(name, _error_limits(value, samples[name], null[name], level))
            else:
                found[name] = self._widened(name, share_limits(value, samples[name], centre[name], level))
        return found

    def share(self, hits: NDArray[np.bool_], level: float) -> Interval:
        """The share of items that are hits; items in groups count as fewer than they are."""
        if self.groups is None:
            return wilson(int(hits.sum()), len(hits), level, "Wilson")
        size = self._effective(hits) / self._caution(level) ** 2
        return wilson_share(float(hits.mean()), size, level, "Wilson, groups")

    @cached_property
    def _top5(self) -> NDArray[np.bool_]:
        return top_k_hits(self.answers.probabilities, self.labels, 5)

    @cached_property
    def _labellings(self) -> tuple[Ints, Ints, Ints]:
        """The truth; labels that make each answer wrong, by its runner-up among the classes seen; labels that fit."""
        seen = np.bincount(self.labels, minlength=self.answers.classes) > 0
        rest = np.where(seen | (seen.sum() < 2), self.answers.probabilities, -1.0)
        rest[np.arange(len(rest)), self.answers.predicted] = -2.0
        return self.labels, rest.argmax(axis=1), self.answers.predicted

    def _effective(self, hits: NDArray[np.bool_]) -> float:
        """How many independent items these are worth."""
        if self.groups is None:
            return float(len(hits))
        return float(effective_sizes(hits, np.zeros(len(hits), dtype=np.int64), 1, self.groups)[0])

    def _caution(self, level: float) -> float:
        """How much wider few groups make an interval."""
        if self.groups is None:
            return 1.0
        return float(stdtrit(max(1, int(self.groups.max())), 0.5 + level / 2)) / z_score(level)

    def _widened(self, name: str, found: Interval) -> Interval:
        """Limits for few groups, kept within what the score can be."""
        caution, method = self._caution(found.level), found.method + ("" if self.groups is None else ", groups")
        low, high = (found.value + caution * (end - found.value) for end in (found.low, found.high))
        smallest = -1.0 if name == "ece_debiased" else 0.0
        return Interval(found.value, max(smallest, low), min(_LARGEST.get(name, 1.0), high), found.level, method)

    def _once(self, sums: Reals, mass: Reals) -> dict[str, float]:
        """Every score of a single column of sums."""
        return {name: float(value[0]) for name, value in self.answers.scores(sums, mass, self.auc.macro).items()}

    def _expected_error(self, value: float, residuals: tuple[Reals, Reals], level: float, positive: bool) -> Interval:
        """Limits of the population's expected error with these bins, which `ece` and `ece_debiased` both estimate."""
        gaps, samples = residuals
        deviations = samples - samples.mean(axis=1, keepdims=True)
        low, high = inverted_limits(gaps, deviations, self.answers.noise, len(self.labels), level)
        if positive:
            low, high = max(0.0, low), max(0.0, high)
        return Interval(value, min(low, value), max(high, value), level, "bootstrap, inverted")

    def _resample(
        self, level: float, resamples: int, seed: int, names: Collection[str]
    ) -> tuple[dict[str, float], dict[str, Reals], tuple[Reals, Reals]]:
        """Each of these scores at the mean of the resampled sums, and in each resample; residuals seen and resampled.

        The residuals are those of the equal-width bins, (bins,) and (bins, resamples).
        """
        n, probabilities = len(self.labels), self.answers.probabilities
        labellings = zip(self._labellings, self.auc.influence, strict=True)
        own, wrong, fitting = (self.answers.contributions(labels, influence) for labels, influence in labellings)
        rate, weight = z_score(level) ** 2 / 2, n / max(1.0, self._effective(self.right))
        ones, extra = np.ones((n, 1)), rate * weight / n
        centre = self._once((own + extra * (wrong + fitting)) @ ones, (1 + 2 * extra) * (probabilities.T @ ones))
        draws, blocks, residuals = Resampler(self.labels, self.groups, seed), [], []
        rows, whole = self.answers.rows_of(names), own.shape[0]
        drawn_sums, started = own[rows] @ draws.spread, 0
        more_wrong, more_right = (draws.extras(resamples, rate, weight) for _ in range(2))
        more = (wrong[rows] @ more_wrong + fitting[rows] @ more_right).tocsc()
        for counts in draws.counts(resamples, max(_FEWEST, _BLOCK // max(n, whole))):
            drawn, columns = counts.astype(np.float64), slice(started, started := started + counts.shape[1])
            sums, mass = np.zeros((whole, drawn.shape[1])), np.zeros((probabilities.shape[1], drawn.shape[1]))
            sums[rows] = drawn_sums @ drawn + more[:, columns].toarray()
            if "ece_classwise" in names:
                extras = (more_wrong + more_right)[:, columns]
                mass = probabilities.T @ (draws.spread @ drawn) + (extras.T @ probabilities).T
            blocks.append(self.answers.scores(sums, mass, self.auc.macro))
            residuals.append(sums[self.answers.residuals])
        samples = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0] if name in names}
        return centre, samples, ((own @ ones)[self.answers.residuals, 0], np.concatenate(residuals, axis=1))


def _error_limits(value: float, samples: Reals, null: float, level: float) -> Interval:
    """Limits of a calibration error of the population, with these bins.

    A raw error lies above it on average, by at most what a calibrated model would show (the triangle inequality). So
    the upper limit starts from the raw error, the lower one from the raw error less the null. They hold at least
    `level`, and are wide where the error is small. Of bins without items `mce` knows nothing.
    """
    below, above = reach(samples, level)
    return Interval(value, min(max(0.0, value - null - below), value), value + above, level, "bootstrap, centred")
