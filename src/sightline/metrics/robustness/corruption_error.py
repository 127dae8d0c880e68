"""Means over corruptions, and errors over those of a baseline, with limits that know that the images are the same."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.intervals.interval import Interval, undefined, z_score
from sightline.metrics.intervals.means import bounded_mean
from sightline.metrics.intervals.ratios import added_up, freedom, stretch
from sightline.metrics.intervals.resampling import Resampling

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

METHOD = "jackknife of images, log"


def mean_score(scores: Reals, resampling: Resampling, *, graded: bool) -> Interval:
    """The mean over images and conditions, with limits that know which scores are of one image, or group.

    Args:
        scores: (n, conditions) between 0 and 1; an image with NaN is left out.
        resampling: how sure limits are, and which images belong together. Nothing is drawn.
        graded: whether a score may lie anywhere in between. Scores of 0 or 1 have Wilson's limits, an image being a
            group of as many answers as there are conditions.
    """
    there = np.asarray(np.isfinite(scores).all(axis=1))
    if graded or not there.any():
        return bounded_mean(scores.mean(axis=1), 0.0, 1.0, resampling.level, resampling.groups)
    among, conditions = resampling.among(there), scores.shape[1]
    hits = scores[there] == 1
    if among.groups is None and conditions == 1:
        return among.share(hits[:, 0])
    units = np.arange(len(hits)) if among.groups is None else among.groups
    found = replace(among, groups=np.repeat(units, conditions)).share(hits.ravel())
    return replace(found, method=among.named("Wilson, images"))


def mean_gain(scores: Reals, baseline: Reals, resampling: Resampling) -> Interval:
    """By how much the mean over images and conditions is above that of another model on the same images.

    Args:
        scores: (n, conditions) between 0 and 1; an image with NaN in either is left out.
        baseline: likewise.
        resampling: see `mean_score`.
    """
    each = scores.mean(axis=1) - baseline.mean(axis=1)
    return bounded_mean(each, -1.0, 1.0, resampling.level, resampling.groups)


def corruption_errors(
    errors: Sequence[Reals], baseline: Sequence[Reals], resampling: Resampling
) -> tuple[list[Interval], Interval]:
    """The corruption error of each corruption, and their mean (Hendrycks and Dietterich 2019, not times 100).

    An error is summed over severities and divided by the baseline's. Limits come from leaving out each image, or group,
    of both models at once, on the scale of logarithms. A corruption in which the baseline makes no error has none, and
    the mean is about the others.

    Args:
        errors: of each corruption (n, severities), between 0 and 1; images with NaN are left out.
        baseline: likewise, of the same images and severities.
        resampling: see `mean_score`.
    """
    level, groups = resampling.level, resampling.groups
    own, other = (np.stack([each.sum(axis=1) for each in one], axis=1) for one in (errors, baseline))
    there = np.isfinite(own).all(axis=1) & np.isfinite(other).all(axis=1)
    codes = None if groups is None else np.unique(groups[there], return_inverse=True)[1].astype(np.int64)
    own, other = added_up(own[there], codes), added_up(other[there], codes)
    total, base = own.sum(axis=0), other.sum(axis=0)
    known = base > 0
    if not known.any():
        return [undefined(level) for _ in known], undefined(level)
    ratios = total[known] / base[known]
    influence = (own[:, known] - ratios * other[:, known]) / base[known]
    method = METHOD if groups is None else f"{METHOD}, groups"
    found = iter([_limits(*pair, level, method) for pair in zip(ratios.tolist(), influence.T, strict=True)])
    mean = _limits(float(ratios.mean()), influence.mean(axis=1), level, method)
    return [next(found) if one else undefined(level) for one in known], mean


def _limits(value: float, influence: Reals, level: float, method: str) -> Interval:
    """Limits of a ratio from what (units,) do to it; of one that is 0, or of a single unit, nothing is known above."""
    units = len(influence)
    if value <= 0 or units < 2:
        return Interval(value, 0.0, math.inf, level, method)
    error = math.sqrt(float((influence**2).sum()) * units / (units - 1))
    degrees = float(freedom(influence[:, None], units - 1)[0])
    reach = math.exp(z_score(level) * stretch(degrees, level) * error / value)
    return Interval(value, value / reach, value * reach, level, method)
