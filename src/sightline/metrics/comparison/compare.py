"""Two or more systems on the same items: paired differences, seeds and items as separate sources of variance.

A system is one way of training, with one or more trained members that differ by their seed. Items are paired: every
resample takes the same items for all systems. Seeds are not: seed 1 of one system has nothing to do with seed 1 of
another. The variance of a system's mean over S seeds and n items is that of items, of seeds / S, and of their
interaction / (S n), as in multi-reader studies (Dorfman, Berbaum and Metz 1992).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from sightline.errors import UsageError
from sightline.metrics.catalogue import MEASURED, METRICS
from sightline.metrics.classification.evaluation import group_codes
from sightline.metrics.comparison.paired import holm, mcnemar, tango
from sightline.metrics.comparison.systems import Drawn, System, aligned, draw, hits_of
from sightline.metrics.documents.comparison import ComparedSystem, Comparison, Pair, Rank
from sightline.metrics.intervals.interval import Interval, wilson

Ints = NDArray[np.int64]


def compare(
    systems: Sequence[System],
    *,
    metric: str,
    level: float,
    resamples: int,
    seed: int,
    groups: NDArray[np.str_] | None = None,
    bins: int = 15,
) -> Comparison:
    """Measure systems on the same items, each against each: the content of `comparison.json`.

    Args:
        systems: one or more; items may come in any order, they are matched by id.
        metric: one of `MEASURED`.
        level: confidence of all intervals; a pair is told apart where its adjusted p-value is below 1 - `level`.
        resamples: of the bootstrap.
        seed: of the resamples.
        groups: (n,) the group of each item of the first member (a patient, a video), or None.
        bins: of the calibration errors.

    Raises:
        UsageError: the items or their labels differ, names repeat, or the metric is not known or not defined here.
    """
    systems = aligned(systems)
    if metric not in MEASURED:
        raise UsageError(f"compare.metric={metric} is not known; it takes {', '.join(MEASURED)}")
    labels = systems[0].members[0].labels
    codes = group_codes(groups, len(labels))
    drawn = [draw(system, metric, labels, resamples, seed, codes, bins) for system in systems]
    for system, found in zip(systems, drawn, strict=True):
        if not np.isfinite(found.values).all():
            raise UsageError(f"compare.metric={metric} is not defined for {system.name} on these items")
    pairs = [
        _pair(systems[a], systems[b], drawn[a], drawn[b], metric, level, codes)
        for a in range(len(systems))
        for b in range(a + 1, len(systems))
    ]
    for pair, adjusted in zip(pairs, holm([pair["p_value"] for pair in pairs]), strict=True):
        pair["p_adjusted"] = adjusted
    own = [_system(s, d, metric, level, codes) for s, d in zip(systems, drawn, strict=True)]
    values = {system.name: found.mean for system, found in zip(systems, drawn, strict=True)}
    return {
        "n": len(labels),
        "metric": metric,
        "lower_is_better": not METRICS[metric].higher_is_better,
        "level": level,
        "systems": own,
        "pairs": pairs,
        "ranking": _ranking(values, pairs, level, metric),
        "notes": _notes(systems, pairs, codes),
    }


def _pair(a: System, b: System, drawn_a: Drawn, drawn_b: Drawn, metric: str, level: float, groups: Ints | None) -> Pair:
    """The difference of two systems with its limits and the chance of one as large if there were none."""
    if metric in ("accuracy", "f1_micro") and len(a.members) == len(b.members) == 1 and groups is None:
        hits = [hits_of(system.members[0], metric) for system in (a, b)]
        only_a, only_b = int((hits[0] & ~hits[1]).sum()), int((hits[1] & ~hits[0]).sum())
        found, p_value = tango(only_a, only_b, len(hits[0]), level), mcnemar(only_a, only_b)
    else:
        items = float((drawn_a.draws.mean(axis=0) - drawn_b.draws.mean(axis=0)).var(ddof=1))
        found, p_value = _student(drawn_a.mean - drawn_b.mean, items, (drawn_a, drawn_b), level, groups, "paired ")
        found = _within(found, -METRICS[metric].span, METRICS[metric].span)
    return {
        "a": a.name,
        "b": b.name,
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": p_value,
        "p_adjusted": p_value,
        "method": found.method,
    }


def _student(
    value: float, items: float, sources: Sequence[Drawn], level: float, groups: Ints | None, prefix: str = ""
) -> tuple[Interval, float]:
    """Limits and p-value from the variance that items bring and that of seeds, with Satterthwaite's freedom."""
    terms = [source.error_terms for source in sources]
    variance = items + sum(term for term, _ in terms)
    denominator = sum(term for _, term in terms)
    method = f"{prefix}bootstrap"
    if groups is not None:
        denominator += items**2 / max(1, int(groups.max()))
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


def _system(system: System, drawn: Drawn, metric: str, level: float, groups: Ints | None) -> ComparedSystem:
    """A system's own value with its interval, and where its variance comes from."""
    items = float(drawn.draws.mean(axis=0).var(ddof=1))
    if len(system.members) == 1 and METRICS[metric].limits == "Wilson" and groups is None:
        hits = hits_of(system.members[0], metric)
        interval = wilson(int(hits.sum()), len(hits), level, "Wilson")
    else:
        interval, _ = _student(drawn.mean, items, (drawn,), level, groups)
        interval = _within(interval, METRICS[metric].smallest, METRICS[metric].highest)
    own = interval.to_json()
    return {
        "name": system.name,
        "value": own["value"],
        "low": own["low"],
        "high": own["high"],
        "level": own["level"],
        "method": own["method"],
        "seeds": len(system.members),
        "values": drawn.values.tolist(),
        "sampling_sd": math.sqrt(items),
        "training_sd": math.sqrt(drawn.training_variance) if len(system.members) > 1 else None,
    }


def _ranking(values: Mapping[str, float], pairs: Sequence[Pair], level: float, metric: str) -> list[Rank]:
    """The best first; a rank is one more than the number of systems that are told apart as better."""
    sign = METRICS[metric].sign
    apart = {(pair["a"], pair["b"]): pair["p_adjusted"] < 1 - level for pair in pairs}

    def better(one: str, other: str) -> bool:
        told = apart.get((one, other), apart.get((other, one), False))
        return bool(told and sign * values[one] < sign * values[other])

    order = sorted(values, key=lambda name: sign * values[name])
    return [
        {
            "rank": 1 + sum(better(other, name) for other in order),
            "name": name,
            "value": values[name],
            "tied_with": [o for o in order if o != name and not better(o, name) and not better(name, o)],
        }
        for name in order
    ]


def _notes(systems: Sequence[System], pairs: Sequence[Pair], groups: Ints | None) -> list[str]:
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
    if groups is not None:
        notes.append(f"Items come in {groups.max() + 1} groups; whole groups were resampled.")
    if len(pairs) > 1:
        notes.append(f"p-values of {len(pairs)} pairs are adjusted after Holm; intervals of differences are not.")
    return notes
