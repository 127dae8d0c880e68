"""What one method of answering gains over another on the same items."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.catalogue import METRICS
from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.risk import aurc, resampled_areas
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.comparison.judged import Answers
from sightline.metrics.comparison.pairs import method_of, pair_of, variance_of
from sightline.metrics.comparison.systems import measure, units_of_classes
from sightline.metrics.comparison.variance import Measured, jackknife
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.intervals.interval import Interval
from sightline.metrics.intervals.resampling import Resampling

Ints = NDArray[np.int64]

SCORES = ("accuracy", "log_loss", "brier", "ece", "ece_debiased")
"""What methods of answering are measured by."""
GAINS = ("accuracy", "log_loss", "brier", "ece_debiased", "aurc")
"""What is compared between two of them."""

_BLOCK = 500_000


def gains(
    plain: BinnedPredictions,
    other: BinnedPredictions,
    labels: Ints,
    resampling: Resampling,
    only: Sequence[str] = GAINS,
) -> dict[str, IntervalJson]:
    """Each score of `other` less that of `plain`, with the limits that `compare` gives a difference, ready for JSON.

    Args:
        plain: what is compared with.
        other: predictions for the same items in the same order.
        labels: (n,) the truth.
        resampling: how sure the limits are, and which items belong together.
        only: the scores that are wanted.
    """
    after, before = (Answers(Scored(binned, labels)) for binned in (other, plain))
    truth = units_of_classes(labels, plain.classes, resampling.groups)
    found = {}
    for name in only:
        metric = METRICS[name]
        if metric.score is None:
            found[name] = _area_gain(after, before, truth, resampling).to_json()
            continue
        a, b = (measure("", [one], metric, resampling) for one in (after, before))
        pair = pair_of(a, b, metric, truth, resampling)
        low, high = (math.nan if end is None else end for end in (pair["low"], pair["high"]))
        found[name] = Interval(pair["difference"], low, high, resampling.level, pair["method"]).to_json()
    return found


def _area_gain(other: Answers, plain: Answers, truth: Ints, resampling: Resampling) -> Interval:
    """The difference of two areas under risk-coverage curves."""
    metric = METRICS["aurc"]
    a, b = (_area(one, resampling) for one in (other, plain))
    value, units = a.mean - b.mean, len(a.of_mean)
    if units < 2:
        return Interval(value, math.nan, math.nan, resampling.level, "undefined")
    half = variance_of(a, b, metric, truth, resampling).half_width(resampling.level)
    low, high = max(-metric.span, value - half), min(metric.span, value + half)
    return Interval(value, low, high, resampling.level, method_of(resampling))


def _area(answers: Answers, resampling: Resampling) -> Measured:
    """The area of one method, and what each unit does to it; more units than resamples are put together at random."""
    confidence, right = answers.scored.binned.confidence, answers.scored.right
    owner = np.arange(len(right)) if resampling.groups is None else resampling.groups
    units, most = int(owner.max()) + 1, max(2, resampling.resamples)
    if units > most:
        owner = (np.random.default_rng(resampling.seed).permutation(units) % most)[owner]
    count, step = min(units, most), max(1, _BLOCK // len(right))
    parts = [np.arange(start, min(start + step, count)) for start in range(0, count, step)]
    without = [resampled_areas(confidence, right, (owner[:, None] != part).astype(np.float64)) for part in parts]
    influence = jackknife(np.concatenate(without))
    return Measured("", (), np.array([aurc(confidence, right)]), influence[None])
