"""Calibration errors from sums over the items of a bin: bins first, then any number of resamples."""

import numpy as np

from sightline.metrics.scores.sums import Reals


def expected_error(residual: Reals, total: Reals) -> Reals:
    """Mean gap between accuracy and confidence, weighted by the items of the bins (ECE; Guo et al. 2017).

    Never below what is true of the population, on average: noise makes gaps too (Roelofs et al. 2022).

    Args:
        residual: (bins, ...) sums of residuals.
        total: (...) items.
    """
    return np.asarray(np.abs(residual).sum(axis=0) / total)


def maximum_error(residual: Reals, count: Reals) -> Reals:
    """Largest gap between accuracy and confidence of any bin that holds items (MCE).

    Args:
        residual: (bins, ...) sums of residuals.
        count: (bins, ...) items.
    """
    gaps = np.divide(np.abs(residual), count, out=np.zeros(residual.shape), where=count > 0)
    return np.asarray(gaps.max(axis=0))


def debiased_error(residual: Reals, noise: Reals, total: Reals) -> Reals:
    """The expected error less what noise adds to it: an estimator of ours, not one of the literature.

    With R the sum of the residuals of a bin, V their noise and z = R / sqrt(V), `expected_error` counts |R| and this
    counts sqrt(V) * (z * (2 Phi(z) - 1) - 2 phi(z)), that is, |R| less 2 sqrt(V) * (phi(z) + |z| * Phi(-|z|)).

    Derivation: |R| is R times its sign, and is too large because both come from the same items. Split the items into
    random halves, R = A + B, let one half give the sign and the other the size: 2 B * sign(A). For a normal R,
    A = (R + sqrt(V) e) / 2 and B = (R - sqrt(V) e) / 2 with e standard normal. The mean over e, which is that over all
    ways to halve, is what is counted. The halves err independently, so its expectation under a true gap m is
    m * (2 Phi(m / sqrt(2 V)) - 1). Hence it is unbiased under the null hypothesis that the bin is calibrated, m = 0: it
    averages 0 then, and is often negative. A gap that is large against its noise counts in full; between the two the
    expectation stays below |m|, by 0.48 sqrt(V) at most. All this takes independent items, and enough of them for R to
    be about normal; V is the variance of R if the model is calibrated.

    Kumar, Liang and Ma (2019, definition 5.2; after Bröcker 2012 and Ferro and Fricker 2012) debias another error, the
    mean squared gap: they subtract the plug-in variance y (1 - y) / (n - 1) from each bin's squared gap, with y the
    accuracy of its n items. That is unbiased whether or not the model is calibrated, but its root, which is on the
    scale of ECE, is biased again and cut off at 0. From the mean absolute gap they subtract the bias that normal
    resamples around each y show; of a calibrated model's bias this leaves 2 - sqrt(2), or 59 %.

    Args:
        residual: (bins, ...) sums of residuals.
        noise: (bins, ...) sums of noise.
        total: (...) items.
    """
    from scipy.special import ndtr  # the catalogue stays free of scipy

    spread = np.sqrt(noise)
    z = np.divide(residual, spread, out=np.zeros(residual.shape), where=spread > 0)
    halves = spread * (z * (2 * ndtr(z) - 1) - np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2))
    return np.asarray(np.where(spread > 0, halves, np.abs(residual)).sum(axis=0) / total)
