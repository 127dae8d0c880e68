"""How often answers are wrong when only the surest are given: the risk-coverage curve and the area under it."""

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.documents.evaluation import RiskCoverage
from sightline.metrics.intervals.bootstrap import share_limits
from sightline.metrics.intervals.resampling import Resampling

Reals = NDArray[np.float64]
Right = NDArray[np.bool_]

COVERAGES = np.linspace(0.02, 1.0, 50)
"""Where the curve of a report is drawn."""

_BLOCK = 500_000


def risk_coverage(confidence: Reals, right: Right) -> tuple[Reals, Reals]:
    """Coverage and risk when the surest items are answered first, one more at a time.

    Items of equal confidence share their mistakes evenly, so the curve does not depend on their order.

    Args:
        confidence: (n,).
        right: (n,).

    Returns:
        (n,) coverage 1/n … 1 and (n,) risk.
    """
    covered, risk = _curves(confidence, np.ones((len(right), 1)), (~right).astype(np.float64)[:, None])
    return covered[:, 0], risk[:, 0]


def aurc(confidence: Reals, right: Right) -> float:
    """The area under the risk-coverage curve: the mean risk over all coverages (Geifman, Uziel and El-Yaniv 2019)."""
    return float(risk_coverage(confidence, right)[1].mean())


def selective_risk(confidence: Reals, right: Right, resampling: Resampling) -> RiskCoverage:
    """The area with its interval, and the curve with a band, ready for JSON.

    Resamples are of items or of whole groups, with z^2 / 2 items more that are wrong and as many that are right. Each
    point of the band holds by itself, not the whole curve at once.

    Args:
        confidence: (n,) how sure each answer is.
        right: (n,) whether it is right.
        resampling: how limits are found.
    """
    covered, risk = risk_coverage(confidence, right)
    wrong = (~right).astype(np.float64)[:, None]
    level = resampling.level
    added = resampling.added_items(right)
    draws = resampling.draws(len(right))
    areas = []
    points = []
    for weights in draws.weights(resampling.resamples, max(1, _BLOCK // len(right))):
        added_wrong = draws.extras(weights.shape[1], added.rate, added.weight).toarray()
        added_right = draws.extras(weights.shape[1], added.rate, added.weight).toarray()
        shares, risks = _curves(confidence, weights + added_wrong + added_right, weights * wrong + added_wrong)
        areas.append(_areas(shares, risks))
        points.append([_at(COVERAGES, *pair) for pair in zip(shares.T, risks.T, strict=True)])
    samples = np.concatenate(areas)
    area = resampling.widened(share_limits(float(risk.mean()), samples, float(samples.mean()), level), 0.0, 1.0)
    observed = _at(COVERAGES, covered, risk)
    samples_at = np.concatenate(points)
    limits = [
        resampling.widened(share_limits(float(risk_value), column, float(column.mean()), level), 0.0, 1.0)
        for risk_value, column in zip(observed, samples_at.T, strict=True)
    ]
    return {
        "aurc": area.to_json(),
        "coverage": COVERAGES.tolist(),
        "risk": observed.tolist(),
        "low": [point.low for point in limits],
        "high": [point.high for point in limits],
    }


def resampled_areas(confidence: Reals, right: Right, weights: Reals) -> Reals:
    """(columns,) the area of each column of (n, columns) weights."""
    return _areas(*_curves(confidence, weights, weights * (~right)[:, None]))


def _areas(covered: Reals, risk: Reals) -> Reals:
    area: Reals = (risk * np.diff(covered, axis=0, prepend=0.0)).sum(axis=0)
    return area


def _at(coverages: Reals, covered: Reals, risk: Reals) -> Reals:
    """The risk where the share of answered items first reaches each coverage."""
    found: Reals = risk[np.minimum(np.searchsorted(covered, coverages - 1e-9), len(risk) - 1)]
    return found


def _curves(confidence: Reals, weights: Reals, wrong: Reals) -> tuple[Reals, Reals]:
    """(n, columns) share answered and risk, item by item from the surest; `wrong` is the weight of mistakes."""
    order = np.argsort(-confidence, kind="stable")
    starts = np.flatnonzero(np.diff(confidence[order], prepend=np.inf))
    weights = weights[order]
    wrong = wrong[order]
    if len(starts) < len(order):
        sizes = np.diff(starts, append=len(order))
        whole, mistakes = (np.add.reduceat(part, starts, axis=0) for part in (weights, wrong))
        share = np.divide(mistakes, whole, out=np.zeros_like(whole), where=whole > 0)
        wrong = weights * np.repeat(share, sizes, axis=0)
    answered = weights.cumsum(axis=0)
    mistakes = wrong.cumsum(axis=0)
    risk = np.divide(mistakes, answered, out=np.zeros_like(answered), where=answered > 0)
    return answered / answered[-1], risk
