"""How well a score tells two kinds of items apart: known from unknown images, right from wrong answers."""

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.classification.ranking import area_and_ranks
from sightline.metrics.documents.evaluation import Detection
from sightline.metrics.intervals.bootstrap import Resampler, share_limits
from sightline.metrics.intervals.interval import Interval, z_score
from sightline.metrics.intervals.resampling import Resampling

Reals = NDArray[np.float64]

KEPT = 0.95
"""The share of items of the first kind that FPR95 accepts."""

_BLOCK = 500_000


def detection(scores: Reals, known: NDArray[np.bool_], resampling: Resampling) -> Detection:
    """`auroc`, `aupr_in`, `aupr_out` and `fpr95` with their limits, ready for JSON.

    AUPR is average precision, with the known items to be found (`aupr_in`) or the others (`aupr_out`). FPR95 is the
    share of the others that is accepted where 95 % of the known are. Resamples take items within their kind, and
    besides z^2 / 2 items, on average, that are of the other kind than their score says, and as many more that are of
    their own: without them scores that never overlap here would seem certain never to (Agresti and Coull 1998).

    Args:
        scores: (n,), higher where an item should be known.
        known: (n,) whether it is; both kinds occur.
        resampling: how limits are found. Groups widen them all by as much as they widen those of the area under the
            ROC curve.
    """
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    first = known[order].astype(np.float64)[:, None]
    n = len(scores)
    level = resampling.level
    rate = z_score(level) ** 2 / 2
    exact = _measures(first, 1 - first, starts)
    extra = rate / n
    centre = _measures(first + extra, 1 - first + extra, starts)
    draws = Resampler(known[order].astype(np.int64), None, resampling.seed)
    wider = _widening(scores, known, resampling)
    blocks = []
    for weights in draws.weights(resampling.resamples, max(1, _BLOCK // n)):
        wrong, right = (draws.extras(weights.shape[1], rate, 1.0).toarray() for _ in range(2))
        plain = weights + right
        blocks.append(_measures(plain * first + wrong * (1 - first), plain * (1 - first) + wrong * first, starts))
    limits = {}
    for name, value in exact.items():
        samples = np.concatenate([block[name] for block in blocks])
        found = share_limits(float(value[0]), samples, float(centre[name][0]), level)
        limits[name] = _widened(found, wider, resampling).to_json()
    return {
        "auroc": limits["auroc"],
        "aupr_in": limits["aupr_in"],
        "aupr_out": limits["aupr_out"],
        "fpr95": limits["fpr95"],
    }


def _widening(scores: Reals, known: NDArray[np.bool_], resampling: Resampling) -> float:
    """How much wider limits of the area are for whole groups than for items (Obuchowski 1997)."""
    if resampling.groups is None:
        return 1.0
    area, below, above = area_and_ranks(scores, known)
    influence = np.where(known, (below - area) / known.sum(), (above - area) / (~known).sum())
    sums = np.bincount(resampling.groups, influence)
    items = float((influence**2).sum())
    ratio = float((sums**2).sum()) * len(sums) / max(1, len(sums) - 1) / items if items else 1.0
    return resampling.caution * float(np.sqrt(max(1.0, ratio)))


def _widened(found: Interval, times: float, resampling: Resampling) -> Interval:
    low, high = (found.value + times * (end - found.value) for end in (found.low, found.high))
    return Interval(found.value, max(0.0, low), min(1.0, high), found.level, resampling.named(found.method))


def _measures(known: Reals, other: Reals, starts: NDArray[np.int64]) -> dict[str, Reals]:
    """Every measure of every column.

    Args:
        known: (n, columns) weights of the items as known ones, the highest score first.
        other: (n, columns) their weights as others.
        starts: where each distinct score begins; equal scores are accepted together.
    """
    known = np.add.reduceat(known, starts, axis=0)
    other = np.add.reduceat(other, starts, axis=0)
    kept = known.cumsum(axis=0)
    passed = other.cumsum(axis=0)
    all_known = kept[-1]
    all_other = passed[-1]
    # The same from the lowest score up: what is left where this score is the first that is not accepted.
    known_below = all_known - kept + known
    all_below = all_known - kept + known + all_other - passed + other
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.nan_to_num(kept / (kept + passed))
        precision_out = np.nan_to_num(1 - known_below / all_below)
    enough = (kept >= KEPT * all_known * (1 - 1e-12)).argmax(axis=0)
    columns = np.arange(known.shape[1])
    return {
        "auroc": (known * (all_other - passed + other / 2)).sum(axis=0) / (all_known * all_other),
        "aupr_in": (known * precision).sum(axis=0) / all_known,
        "aupr_out": (other * precision_out).sum(axis=0) / all_other,
        "fpr95": passed[enough, columns] / all_other,
    }
