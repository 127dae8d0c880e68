"""Limits of calibration errors, which noise pushes up: near zero, percentiles of resamples do not hold."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sightline.metrics.intervals.bootstrap import reach
from sightline.metrics.intervals.interval import Interval
from sightline.metrics.scores.calibration import debiased_error

Reals = NDArray[np.float64]


def expected_error_limits(
    value: float, gaps: Reals, samples: Reals, noise: Reals, total: float, level: float
) -> Interval:
    """Limits of the population's expected error with equal-width bins, which `ece` and `ece_debiased` both estimate.

    The error itself is never negative, so only an estimate that is has a limit below 0: the estimate.

    Args:
        value: the estimate.
        gaps: (bins,) sums of residuals.
        samples: (bins, resamples) the same in each resample.
        noise: (bins,) variance of the sums if the model is calibrated.
        total: items.
        level: confidence, such as 0.95.
    """
    deviations = at_least_so_noisy(samples - samples.mean(axis=1, keepdims=True), noise)
    low, high = inverted_test(gaps, deviations, noise, total, level)
    low = max(0.0, low)
    high = max(0.0, high)
    return Interval(value, min(low, value), max(high, value), level, "bootstrap, inverted")


def at_least_so_noisy(deviations: Reals, noise: Reals) -> Reals:
    """Deviations of resamples, widened in bins of which too few mistakes are seen for a bootstrap to know its noise.

    The variance of a bin is at least halfway from what the resamples say to what a calibrated model would have.

    Args:
        deviations: (bins, resamples) of sums of residuals from their mean.
        noise: (bins,) variance of the sums if the model is calibrated.
    """
    seen = deviations.var(axis=1)
    widening = np.divide((seen + noise) / 2, seen, out=np.ones_like(seen), where=seen > 0)
    return np.asarray(deviations * np.sqrt(np.maximum(1.0, widening))[:, None])


def centred_limits(value: float, samples: Reals, null: float, level: float) -> Interval:
    """Limits of a calibration error of the population, with these bins.

    A raw error lies above it on average, by at most what a calibrated model would show (the triangle inequality). So
    the upper limit starts from the raw error, the lower one from the raw error less that. They hold at least `level`,
    and are wide where the error is small. Of bins without items `mce` knows nothing.

    Args:
        value: the raw error.
        samples: (resamples,) of it.
        null: its mean for a calibrated model with the same probabilities (`null_calibration`).
        level: confidence, such as 0.95.
    """
    below, above = reach(samples, level)
    return Interval(value, min(max(0.0, value - null - below), value), value + above, level, "bootstrap, centred")


def inverted_test(gaps: Reals, deviations: Reals, noise: Reals, total: float, level: float) -> tuple[float, float]:
    """Limits of the mean absolute gap of the population, by inverting a bootstrap test (Carpenter 1999).

    An error is a sum of sizes, so its estimate is pushed up by noise, the more so the smaller the gaps are: neither
    percentiles nor a shift of them hold near zero. Here populations are tried whose gaps are `t` times a pattern, each
    sees the noise of the resamples, and the limits are the errors of those populations in which a debiased error as
    large, or as small, as the one observed comes about just often enough (the grid bootstrap; Hansen 1999). The
    pattern is that of the gaps seen; a gap below its own noise may be as large as that noise.

    A limit is negative, as the debiased error is, where even a calibrated population would show more than was seen.

    Args:
        gaps: (bins,) sums of residuals.
        deviations: (bins, resamples) of these sums from their mean.
        noise: (bins,) variance of the sums if the model is calibrated.
        total: items.
        level: confidence, such as 0.95.
    """
    pattern = np.where(gaps < 0, -1.0, 1.0) * np.maximum(np.abs(gaps), deviations.std(axis=1))
    size = float(np.abs(pattern).sum() / total)
    whole = np.full(1, total)
    if size == 0:
        return 0.0, 0.0
    observed = float(debiased_error(gaps[:, None], noise[:, None], whole)[0])

    def excess(times: float, share: float) -> float:
        """How far this quantile of what such a population shows lies above what was seen."""
        shown = debiased_error(times * pattern[:, None] + deviations, noise[:, None], whole)
        return float(np.quantile(shown, share)) - observed

    def limit(share: float) -> float:
        if (beyond := excess(0.0, share)) >= 0:
            return -beyond
        top = 1.0
        while excess(top, share) < 0:
            top *= 2
        return float(brentq(excess, 0.0, top, args=(share,), xtol=1e-3)) * size

    return limit(0.5 + level / 2), limit(0.5 - level / 2)
