"""A bootstrap of the sums behind scores: what each score would be with other items."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sightline.metrics.catalogue import Metric
from sightline.metrics.classification.binned import BinnedPredictions, blocks_of
from sightline.metrics.intervals.interval import z_score
from sightline.metrics.intervals.resampling import Resampling

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK, _FEWEST = 200_000, 10
"""Numbers of a block of resamples, which the caches should hold, and columns it has at least."""


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
    labels: Ints,
    metrics: Sequence[Metric],
    contributions: Contributions,
    area: float,
    resampling: Resampling,
) -> Resampled:
    """Score resamples within classes, or of whole groups, to which items are added (Agresti and Coull 1998).

    Besides those that are drawn, a Poisson number of items is added that are wrong, and as many that are right, z^2 / 2
    of each on average; an added item weighs what its share of the independent items does.

    Args:
        binned: predictions for n items.
        labels: (n,) the truth.
        metrics: what is scored.
        contributions: of the items.
        area: the area under the ROC curve of the items themselves, where a metric needs it.
        resampling: how.
    """
    n, probabilities, needed = len(labels), binned.probabilities, blocks_of(metrics)
    observed, wrong, right = contributions.observed, contributions.wrong, contributions.right
    rate = z_score(resampling.level) ** 2 / 2
    weight = n / max(1.0, resampling.effective_size(np.equal(labels, binned.predicted)))
    ones, added = np.ones((n, 1)), rate * weight / n
    mean_sums = (observed + added * (wrong + right)) @ ones
    centre = score_sums(binned, metrics, mean_sums, (1 + 2 * added) * (probabilities.T @ ones), area)

    draws = resampling.draws(labels)
    rows, whole = binned.rows_of(needed), observed.shape[0]
    by_unit = observed[rows] @ draws.spread
    added_wrong = draws.extras(resampling.resamples, rate, weight)
    added_right = draws.extras(resampling.resamples, rate, weight)
    added_sums = (wrong[rows] @ added_wrong + right[rows] @ added_right).tocsc()
    residuals, scores, gaps, start = binned.blocks["bin_residual"], [], [], 0
    for counts in draws.counts(resampling.resamples, max(_FEWEST, _BLOCK // max(n, whole))):
        drawn = counts.astype(np.float64)
        columns = slice(start, start + drawn.shape[1])
        start = columns.stop
        sums = np.zeros((whole, drawn.shape[1]))
        sums[rows] = by_unit @ drawn + added_sums[:, columns].toarray()
        class_probability = None
        if "class_probability" in needed:
            extras = (added_wrong + added_right)[:, columns]
            class_probability = probabilities.T @ (draws.spread @ drawn) + (extras.T @ probabilities).T
        scores.append(score_sums(binned, metrics, sums, class_probability, area))
        gaps.append(sums[residuals])
    return Resampled(
        {name: float(value[0]) for name, value in centre.items()},
        {name: np.concatenate([block[name] for block in scores]) for name in centre},
        (observed @ ones)[residuals, 0],
        np.concatenate(gaps, axis=1),
    )
