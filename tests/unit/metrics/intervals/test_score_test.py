"""Limits that invert a score test, against Wilson's and in simulated samples."""

import numpy as np
import pytest
from scipy.stats import binomtest

from sightline.metrics.intervals.score_test import ClassShares, Losses, mean_of_losses, mean_of_shares


def even(shares, sizes, **more) -> ClassShares:
    shares = np.asarray(shares, dtype=np.float64)
    return ClassShares(shares, np.asarray(sizes, dtype=np.float64), np.full(len(shares), 1 / len(shares)), **more)


@pytest.mark.parametrize(("hits", "n"), [(35, 50), (0, 20), (20, 20), (496, 500)])
def test_of_one_share_they_are_wilsons(hits, n):
    found = mean_of_shares(even([hits / n], [n]), hits / n, 0.95)
    assert found == pytest.approx(tuple(binomtest(hits, n).proportion_ci(method="wilson")), abs=1e-5)


@pytest.mark.parametrize(("hits", "n"), [(35, 50), (0, 20), (20, 20), (496, 500)])
def test_of_losses_that_are_one_or_nothing_they_are_wilsons(hits, n):
    each = (np.arange(n) < hits).astype(np.float64)
    low, high = mean_of_losses(Losses(each, 1.0, 0.0, 0.5, n), 0.95)
    factor = n / (n - 1)  # a variance that is estimated
    z2 = factor * 1.959963984540054**2
    centre, half = (hits + z2 / 2) / (n + z2), np.sqrt(z2) / (n + z2) * np.sqrt(hits * (n - hits) / n + z2 / 4)
    assert (low, high) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_a_rare_class_is_as_unsure_as_its_items():
    """297 common items right, 3 rare ones wrong: the rare class could be right in every other case."""
    low, high = mean_of_shares(even([1.0, 0.0], [297, 3]), 0.5, 0.95)
    assert low == pytest.approx(0.494, abs=0.002)
    assert high == pytest.approx(0.5 + 0.5 * binomtest(0, 3).proportion_ci(method="wilson").high, abs=0.01)


def test_of_a_class_without_items_any_share_is_possible():
    low, high = mean_of_shares(even([0.9, 0.0], [100_000, 0]), 0.45, 0.95)
    assert (low, high) == pytest.approx((0.449, 0.951), abs=0.001)


@pytest.mark.parametrize(
    ("classes", "n", "share"), [(100, 3, 0.6), (100, 3, 0.95), (50, 1, 0.6), (10, 10, 0.9), (10, 30, 0.99), (2, 3, 0.5)]
)
def test_means_over_classes_are_held(classes, n, share):
    rng = np.random.default_rng(0)
    truth = np.clip(share + (rng.random(classes) - 0.5) * min(share, 1 - share), 0, 1)
    held = 0
    for _ in range(300):
        shares = rng.binomial(n, truth) / n
        mistakes = float(1 - shares.mean())
        found = even(shares, np.full(classes, max(n - 1, 0.4 * n)), mistakes=mistakes, items=classes * n)
        low, high = mean_of_shares(found, float(shares.mean()), 0.95)
        held += low <= truth.mean() <= high
    assert held / 300 > 0.92  # 93 % less one standard error


def test_rare_large_losses_are_held_better_than_by_percentiles():
    """Of 300 items 3 % lose a hundred times as much."""
    rng, truth = np.random.default_rng(1), 0.03 * 2 + 0.97 * 0.02
    held, by_percentiles = 0, 0
    for _ in range(300):
        wrong = rng.random(300) < 0.03
        each = np.where(wrong, rng.exponential(2.0, 300), 0.02)
        low, high = mean_of_losses(Losses(each, 2.0, 0.02, float(wrong.mean()), 300), 0.95)
        held += low <= truth <= high
        low, high = np.quantile(each[rng.integers(300, size=(300, 300))].mean(axis=1), [0.025, 0.975])
        by_percentiles += low <= truth <= high
    assert held > by_percentiles
    assert held / 300 > 0.88


def test_whole_groups_count_once():
    each = np.random.default_rng(2).random(100)
    low, high = mean_of_losses(Losses(each, 1.0, 0.0, 0.5, 100), 0.95)
    copied = Losses(np.repeat(each, 4), 1.0, 0.0, 0.5, 100)
    assert mean_of_losses(copied, 0.95, np.repeat(np.arange(100), 4)) == pytest.approx((low, high), abs=1e-9)
