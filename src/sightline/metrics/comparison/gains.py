"""What one method of answering gains over another on the same items."""

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.classification.binned import BinnedPredictions
from sightline.metrics.classification.resampled import score_sums
from sightline.metrics.classification.risk import aurc, resampled_areas
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.documents.interval import IntervalJson
from sightline.metrics.intervals.bootstrap import percentile
from sightline.metrics.intervals.resampling import Resampling

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

SCORES = ("accuracy", "log_loss", "brier", "ece", "ece_debiased")
"""What methods of answering are measured by."""
GAINS = ("accuracy", "log_loss", "brier", "ece_debiased", "aurc")
"""What is compared between two of them."""

_BLOCK = 500_000


def gains(
    plain: BinnedPredictions, other: BinnedPredictions, labels: Ints, resampling: Resampling
) -> dict[str, IntervalJson]:
    """Each score of `other` less that of `plain`, with limits from resamples that both share, ready for JSON.

    Args:
        plain: what is compared with.
        other: predictions for the same items in the same order.
        labels: (n,) the truth.
        resampling: how limits are found.
    """
    first, second = (_scores(binned, labels, resampling) for binned in (plain, other))
    found = {}
    for name in GAINS:
        value, samples = second[name]
        base, base_samples = first[name]
        found[name] = percentile(value - base, samples - base_samples, resampling.level).to_json()
    return found


def _scores(binned: BinnedPredictions, labels: Ints, resampling: Resampling) -> dict[str, tuple[float, Reals]]:
    """Each score, and it in each resample."""
    scored = Scored(binned, labels)
    metrics = scored.metrics(GAINS)
    rows = binned.contributions(labels)
    values = scored.values(GAINS) | {"aurc": aurc(binned.confidence, scored.right)}
    blocks = []
    for weights in resampling.draws(labels).weights(resampling.resamples, max(1, _BLOCK // len(labels))):
        scores = score_sums(binned, metrics, rows @ weights)
        blocks.append(scores | {"aurc": resampled_areas(binned.confidence, scored.right, weights)})
    return {name: (values[name], np.concatenate([block[name] for block in blocks])) for name in GAINS}
