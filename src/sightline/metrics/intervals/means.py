"""Limits of a mean over images of numbers that lie between two bounds."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.intervals.interval import Interval, undefined, wilson_share
from sightline.metrics.intervals.ratios import Ratios


def bounded_mean(
    values: NDArray[np.float64], least: float, most: float, level: float, groups: NDArray[np.int64] | None = None
) -> Interval:
    """The mean of numbers with its limits, found as those of a ratio between 0 and 1 are: by leaving out each image.

    Nothing between two bounds varies more than what is always at one of them: where Wilson's limits of so many images,
    or groups, that are right or wrong are nearer, as where a single image has all of the value, those hold.

    Args:
        values: (n,) one an image; those that are NaN are left out.
        least: no number is smaller.
        most: no number is larger.
        level: confidence, such as 0.95.
        groups: (n,) which images belong together, as integers from 0, or None.
    """
    there = np.isfinite(values)
    if not there.any():
        return undefined(level)
    shares = np.clip((values[there] - least) / (most - least), 0.0, 1.0)[:, None]
    codes = None if groups is None else np.unique(groups[there], return_inverse=True)[1].astype(np.int64)
    whole = np.ones_like(shares)
    ratios = Ratios.of(shares, whole, whole, codes)
    (found,) = ratios.intervals(level, "jackknife" if groups is None else "jackknife, groups")
    if len(ratios.parts) > 1:
        plain = wilson_share(found.value, float(ratios.size[0]), level)
        found = replace(found, low=max(found.low, plain.low), high=min(found.high, plain.high))
    value, low, high = (least + (most - least) * end for end in (found.value, found.low, found.high))
    return Interval(value, low, high, level, found.method)
