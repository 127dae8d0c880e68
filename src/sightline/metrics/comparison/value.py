"""A system's own value with its limits: of one member those of `evaluate`, of several with the variance of seeds."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from sightline.metrics.comparison.variance import Measured
from sightline.metrics.intervals.interval import Interval, undefined, z_score
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.metric import Metric


def system_interval(
    found: Sequence[Interval], one: Measured, metric: Metric, floor: float, resampling: Resampling
) -> Interval:
    """The mean over members.

    Of one member it is its own. Of several, the limits that the items give are the mean of the
    members' own, nearer by as much as the mean varies less with the items than a member does; the variance of seeds is
    added by squares (Zou and Donner 2008), and Student's t widens both as Satterthwaite's freedom asks.

    Args:
        found: what `evaluate` says of each member alone.
        one: the members, measured.
        metric: which.
        floor: a variance that these items cannot show (`floor_of`): where few items bring all of it, members and mean
            are taken to vary alike.
        resampling: how sure the limits are, and what is resampled.
    """
    if len(found) == 1:
        return found[0]
    low, high = (float(np.mean([abs(each.value - end) for each, end in ends])) for ends in _ends(found))
    if not (math.isfinite(low) and math.isfinite(high)) or not np.isfinite(one.of_mean).all():
        return Interval(one.mean, math.nan, math.nan, resampling.level, undefined(resampling.level).method)
    each = float((one.influence**2).sum(axis=1).mean())
    nearer = math.sqrt((float((one.of_mean**2).sum()) + floor) / (each + floor)) if each + floor > 0 else 1.0
    z = z_score(resampling.level)
    of_seeds = one.training_variance / one.seeds
    of_items = (nearer * (low + high) / (2 * z)) ** 2
    uncertain = (one.between / one.seeds) ** 2 / (one.seeds - 1)
    freedom = min(1e9, (of_items + of_seeds) ** 2 / uncertain) if uncertain > 0 else 1e9
    wider = float(stdtrit(max(1.0, freedom), 0.5 + resampling.level / 2)) / z
    down, up = (wider * math.hypot(nearer * reach, z * math.sqrt(of_seeds)) for reach in (low, high))
    return Interval(
        one.mean,
        max(metric.smallest, one.mean - down),
        min(metric.highest, one.mean + up),
        resampling.level,
        f"{found[0].method}; seeds",
    )


def _ends(found: Sequence[Interval]) -> tuple[list[tuple[Interval, float]], list[tuple[Interval, float]]]:
    return [(each, each.low) for each in found], [(each, each.high) for each in found]
