"""Limits of bounded means hold their level, and say little where little is known."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest

from sightline.metrics.intervals.means import bounded_mean


@pytest.mark.parametrize("n", [8, 30])
def test_limits_hold_the_truth_as_often_as_they_claim(n: int):
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1_000):
        values = 2 * rng.beta(2, 5, n) - 1
        found = bounded_mean(values, -1, 1, 0.95)
        assert found.value == pytest.approx(values.mean())
        held += found.low <= 2 * 2 / 7 - 1 <= found.high
    assert 0.93 <= held / 1_000 <= 0.975


def test_images_of_a_group_count_as_one():
    values = np.array([0.1, 0.5, 0.9, 0.3])
    single = bounded_mean(values, 0, 1, 0.9)
    again = bounded_mean(values.repeat(5), 0, 1, 0.9, np.arange(4).repeat(5))
    assert (again.value, again.low, again.high) == pytest.approx((single.value, single.low, single.high))


def test_what_is_not_defined_does_not_count_and_equal_numbers_are_not_certain():
    assert bounded_mean(np.array([0.25, math.nan, 0.75]), 0, 1, 0.9).value == 0.5
    assert math.isnan(bounded_mean(np.array([math.nan]), 0, 1, 0.9).value)
    found = bounded_mean(np.ones(10), -1, 1, 0.95)
    assert found.high == found.value == 1
    assert found.low < 0.9
    lone = bounded_mean(np.array([0.3]), -1, 1, 0.95)
    assert (lone.low, lone.high) == (-1, 1)


@pytest.mark.parametrize("n", [20, 101])
def test_limits_of_what_few_images_have_move_with_their_number(n: int):
    """One image of many is rare, and says so: limits were wider with one than with two."""
    found = [bounded_mean((np.arange(n) < hits).astype(float), 0, 1, 0.95) for hits in range(n + 1)]
    for one, other in pairwise(found):
        assert one.low <= other.low
        assert one.high <= other.high
    for hits, one in enumerate(found):
        exact = binomtest(hits, n).proportion_ci(0.95)
        assert exact.low - 0.02 < one.low <= one.value <= one.high < exact.high + 0.02


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
@pytest.mark.parametrize("groups", [None, np.arange(60) // 3])
def test_limits_of_right_and_wrong_hold(share: float, groups: np.ndarray | None):
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1_000):
        values = (rng.random(60) < share).astype(float)
        if groups is not None:
            values = values[groups]  # a group is right or wrong as a whole
        found = bounded_mean(values, 0, 1, 0.95, groups)
        held += found.low <= share <= found.high
    assert held / 1_000 > 0.93
