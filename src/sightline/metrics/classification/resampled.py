"""A bootstrap of the sums behind scores: what each score would be with other items."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sightline.metrics.classification.binned import BinnedPredictions, blocks_of
from sightline.metrics.intervals.resampling import AddedItems, Resampling
from sightline.metrics.metric import Metric
from sightline.metrics.scores.sums import Block

Reals = NDArray[np.float64]

_BLOCK = 200_000
"""Numbers of a block of resamples, which the caches should hold."""
_FEWEST = 10
"""Resamples that a block has at least."""


@dataclass(frozen=True)
class Contributions:
    """(sums, n) what each item adds as it is, if its answer were wrong, and if it were right."""

    observed: csr_array
    wrong: csr_array
    right: csr_array


@dataclass(frozen=True)
class Resampled:
    """Scores of resamples.

    Attributes:
        centre: each score at the mean of the resampled sums.
        samples: (resamples,) each score.
        gaps: (bins,) residuals of the equal-width bins, as they are.
        gap_samples: (bins, resamples) the same in each resample, where a score needs them.
    """

    centre: dict[str, float]
    samples: dict[str, Reals]
    gaps: Reals
    gap_samples: Reals


def score_sums(
    binned: BinnedPredictions,
    metrics: Sequence[Metric],
    products: Reals,
    class_probability: Reals | None = None,
    area: float = np.nan,
) -> dict[str, Reals]:
    """(resamples,) each of these metrics that is a function of sums; the arguments are those of `sums`."""
    sums = binned.sums(products, class_probability, area)
    return {metric.name: metric.score(sums) for metric in metrics if metric.score is not None}


def resample(
    binned: BinnedPredictions,
    metrics: Sequence[Metric],
    contributions: Contributions,
    resampling: Resampling,
    right: NDArray[np.bool_],
) -> Resampled:
    """Score resamples of items, or of whole groups, to which items are added (`AddedItems`).

    Args:
        binned: predictions for n items.
        metrics: what is scored; none that ranks items.
        contributions: of the items.
        resampling: how.
        right: (n,) which answers are right.
    """
    n = len(binned)
    added = resampling.added_items(right)
    residuals = binned.blocks["bin_residual"]
    ones = np.ones((n, 1))
    share = added.rate * added.weight / n
    mean_sums = (contributions.observed + share * (contributions.wrong + contributions.right)) @ ones
    mean_probability = (1 + 2 * share) * (binned.probabilities.T @ ones)
    centre = score_sums(binned, metrics, mean_sums, mean_probability)
    scores = []
    gaps = []
    for sums, class_probability in _resampled_sums(binned, blocks_of(metrics), contributions, added, resampling):
        scores.append(score_sums(binned, metrics, sums, class_probability))
        gaps.append(sums[residuals])
    return Resampled(
        {name: float(value[0]) for name, value in centre.items()},
        {name: np.concatenate([block[name] for block in scores]) for name in centre},
        (contributions.observed @ ones)[residuals, 0],
        np.concatenate(gaps, axis=1),
    )


def _resampled_sums(
    binned: BinnedPredictions,
    needed: frozenset[Block],
    contributions: Contributions,
    added: AddedItems,
    resampling: Resampling,
) -> Iterator[tuple[Reals, Reals | None]]:
    """Yield blocks of resamples: (sums, ...) products, 0 where not needed, and (classes, ...) of the probabilities."""
    probabilities = binned.probabilities
    draws = resampling.draws(len(binned))
    rows = binned.rows_of(needed)
    n_sums = contributions.observed.shape[0]
    by_unit = contributions.observed[rows] @ draws.spread
    wrong_weights = draws.extras(resampling.resamples, added.rate, added.weight)
    right_weights = draws.extras(resampling.resamples, added.rate, added.weight)
    added_sums = (contributions.wrong[rows] @ wrong_weights + contributions.right[rows] @ right_weights).tocsc()
    start = 0
    for counts in draws.counts(resampling.resamples, max(_FEWEST, _BLOCK // max(len(binned), n_sums))):
        drawn = counts.astype(np.float64)
        columns = slice(start, start + drawn.shape[1])
        start = columns.stop
        sums = np.zeros((n_sums, drawn.shape[1]))
        sums[rows] = by_unit @ drawn + added_sums[:, columns].toarray()
        class_probability = None
        if "class_probability" in needed:
            added_weights = (wrong_weights + right_weights)[:, columns]
            class_probability = probabilities.T @ (draws.spread @ drawn) + (added_weights.T @ probabilities).T
        yield sums, class_probability
