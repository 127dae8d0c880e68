"""What one way of answering buys over another on the same items."""

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.classification.risk import aurc, resampled_areas
from sightline.metrics.classification.scoring import Scored
from sightline.metrics.classification.sums import Answers
from sightline.metrics.intervals.bootstrap import Resampler, percentile
from sightline.metrics.intervals.interval import IntervalJson

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

GAINS = ("accuracy", "log_loss", "brier", "ece_debiased", "aurc")
"""What is compared."""

_BLOCK = 500_000


def gains(
    plain: Answers, other: Answers, labels: Ints, *, level: float, resamples: int, seed: int, groups: Ints | None
) -> dict[str, IntervalJson]:
    """Each score of `other` less that of `plain`, with limits from resamples that both share, ready for JSON.

    Args:
        plain: what is compared with.
        other: answers to the same items in the same order.
        labels: (n,) the truth.
        level: confidence of the limits.
        resamples: how many.
        seed: of the resamples.
        groups: (n,) the group of each item as integers from 0, or None.
    """
    first, second = (_scores(answers, labels, resamples, seed, groups) for answers in (plain, other))
    found = {}
    for name in GAINS:
        (value, samples), (base, base_samples) = second[name], first[name]
        found[name] = percentile(value - base, samples - base_samples, level).to_json()
    return found


def _scores(
    answers: Answers, labels: Ints, resamples: int, seed: int, groups: Ints | None
) -> dict[str, tuple[float, Reals]]:
    """Each score, and it in each resample."""
    scored = Scored(answers, labels, groups, ranked=False)
    rows, right = answers.contributions(labels), scored.right
    values, blocks = scored.values() | {"aurc": aurc(answers.confidence, right)}, []
    for weights in Resampler(labels, groups, seed).weights(resamples, max(1, _BLOCK // len(labels))):
        scores = answers.scores(rows @ weights, answers.probabilities.T @ weights, np.nan)
        blocks.append(scores | {"aurc": resampled_areas(answers.confidence, right, weights)})
    return {name: (values[name], np.concatenate([block[name] for block in blocks])) for name in GAINS}
