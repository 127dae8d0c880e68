"""Two or more systems on the same items: paired differences, seeds and items as separate sources of variance.

A system is one way of training, with one or more trained members that differ by their seed. Items are paired: every
resample takes the same items for all systems. Seeds are not: seed 1 of one system has nothing to do with seed 1 of
another. The variance of a system's mean over S seeds and n items is that of items, of seeds / S, and of their
interaction / (S n), as in multi-reader studies (Dorfman, Berbaum and Metz 1992).
"""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.special import stdtr, stdtrit

from sightline.errors import UsageError
from sightline.metrics.catalogue import MEASURED, METRICS, Metric
from sightline.metrics.comparison.paired import holm, mcnemar, tango
from sightline.metrics.comparison.systems import System, SystemScores, aligned, hits_of, score_system
from sightline.metrics.documents.comparison import ComparedSystem, Comparison, Pair, Rank
from sightline.metrics.intervals.interval import Interval, wilson
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.scores.items import right_answers


def compare(systems: Sequence[System], *, metric: str, resampling: Resampling, bins: int = 15) -> Comparison:
    """Measure systems on the same items, each against each: the content of `comparison.json`.

    Args:
        systems: one or more; items may come in any order, they are matched by id.
        metric: one of `MEASURED`.
        resampling: how intervals are found; its groups are those of the items of the first member. A pair is told apart
            where its adjusted p-value is below 1 - `level`.
        bins: of the calibration errors.

    Raises:
        UsageError: the items or their labels differ, names repeat, or the metric is not known or not defined here.
    """
    systems = aligned(systems)
    if metric not in MEASURED:
        raise UsageError(f"compare.metric={metric} is not known; it takes {', '.join(MEASURED)}")
    known = METRICS[metric]
    labels = systems[0].members[0].labels
    scores = [score_system(system, known, labels, bins, resampling) for system in systems]
    for one in scores:
        if not np.isfinite(one.values).all():
            raise UsageError(f"compare.metric={metric} is not defined for {one.system.name} on these items")
    pairs = [_pair(a, b, known, resampling) for a, b in combinations(scores, 2)]
    for pair, adjusted in zip(pairs, holm([pair["p_value"] for pair in pairs]), strict=True):
        pair["p_adjusted"] = adjusted
    return {
        "n": len(labels),
        "metric": metric,
        "lower_is_better": not known.higher_is_better,
        "level": resampling.level,
        "systems": [_system(one, known, resampling) for one in scores],
        "pairs": pairs,
        "ranking": _ranking(scores, pairs, resampling.level, known),
        "notes": _notes(systems, pairs, resampling.n_groups),
    }


def _pair(a: SystemScores, b: SystemScores, metric: Metric, resampling: Resampling) -> Pair:
    """The difference of two systems with its limits and the chance of one as large if there were none."""
    single = len(a.values) == len(b.values) == 1
    if metric.hits is right_answers and single and resampling.groups is None:
        hits_a, hits_b = (hits_of(one.system.members[0], metric) for one in (a, b))
        only_a = int((hits_a & ~hits_b).sum())
        only_b = int((hits_b & ~hits_a).sum())
        found = tango(only_a, only_b, len(hits_a), resampling.level)
        p_value = mcnemar(only_a, only_b)
    else:
        items = float((a.resampled.mean(axis=0) - b.resampled.mean(axis=0)).var(ddof=1))
        found, p_value = _student(a.mean - b.mean, items, (a, b), resampling, "paired ")
        found = _within(found, -metric.span, metric.span)
    return {
        "a": a.system.name,
        "b": b.system.name,
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": p_value,
        "p_adjusted": p_value,
        "method": found.method,
    }


def _student(
    value: float, items: float, sources: Sequence[SystemScores], resampling: Resampling, prefix: str = ""
) -> tuple[Interval, float]:
    """Limits and p-value from the variance that items bring and that of seeds, with Satterthwaite's freedom."""
    terms = [source.error_terms for source in sources]
    variance = items + sum(term for term, _ in terms)
    denominator = sum(term for _, term in terms)
    method = f"{prefix}bootstrap"
    level = resampling.level
    if resampling.groups is not None:
        denominator += items**2 / max(1, int(resampling.groups.max()))
        method += " of groups"
    if any(len(source.values) > 1 for source in sources):
        method += " and seeds"
    if variance == 0:
        return Interval(value, value, value, level, method), 1.0 if value == 0 else 0.0
    freedom = variance**2 / denominator if denominator else 1e9
    spread = math.sqrt(variance)
    half = float(stdtrit(freedom, 0.5 + level / 2)) * spread
    p_value = 2 * float(stdtr(freedom, -abs(value) / spread))
    return Interval(value, value - half, value + half, level, method), p_value


def _within(found: Interval, smallest: float, largest: float) -> Interval:
    """Limits no wider than what the metric can be."""
    return Interval(found.value, max(smallest, found.low), min(largest, found.high), found.level, found.method)


def _system(scores: SystemScores, metric: Metric, resampling: Resampling) -> ComparedSystem:
    """A system's own value with its interval, and where its variance comes from."""
    members = scores.system.members
    items = float(scores.resampled.mean(axis=0).var(ddof=1))
    if len(members) == 1 and metric.hits is not None and resampling.groups is None:
        hits = hits_of(members[0], metric)
        interval = wilson(int(hits.sum()), len(hits), resampling.level, "Wilson")
    else:
        interval, _ = _student(scores.mean, items, (scores,), resampling)
        interval = _within(interval, metric.smallest, metric.highest)
    limits = interval.to_json()
    return {
        "name": scores.system.name,
        "value": limits["value"],
        "low": limits["low"],
        "high": limits["high"],
        "level": limits["level"],
        "method": limits["method"],
        "seeds": len(members),
        "values": scores.values.tolist(),
        "sampling_sd": math.sqrt(items),
        "training_sd": math.sqrt(scores.training_variance) if len(members) > 1 else None,
    }


def _ranking(scores: Sequence[SystemScores], pairs: Sequence[Pair], level: float, metric: Metric) -> list[Rank]:
    """The best first; a rank is one more than the number of systems that are told apart as better."""
    values = {one.system.name: one.mean for one in scores}
    told_apart = {(pair["a"], pair["b"]): pair["p_adjusted"] < 1 - level for pair in pairs}

    def better(one: str, other: str) -> bool:
        apart = told_apart.get((one, other), told_apart.get((other, one), False))
        return bool(apart and metric.sign * values[one] < metric.sign * values[other])

    order = sorted(values, key=lambda name: metric.sign * values[name])
    return [
        {
            "rank": 1 + sum(better(other, name) for other in order),
            "name": name,
            "value": values[name],
            "tied_with": [o for o in order if o != name and not better(o, name) and not better(name, o)],
        }
        for name in order
    ]


def _notes(systems: Sequence[System], pairs: Sequence[Pair], n_groups: int | None) -> list[str]:
    """What a reader must know about the numbers."""
    notes = []
    alone = [system.name for system in systems if len(system.members) == 1]
    if alone:
        who = "each system" if len(alone) == len(systems) else ", ".join(alone)
        notes.append(
            f"One training of {who}: intervals are about these trained models, not about what another seed would give."
        )
    if len(alone) < len(systems):
        notes.append(
            "Where a system was trained with several seeds, its value is their mean and the interval is about the way "
            "of training: it holds the variance of seeds and that of items."
        )
    if n_groups is not None:
        notes.append(f"Items come in {n_groups} groups; whole groups were resampled.")
    if len(pairs) > 1:
        notes.append(f"p-values of {len(pairs)} pairs are adjusted after Holm; intervals of differences are not.")
    return notes
