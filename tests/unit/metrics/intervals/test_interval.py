import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, chi2

from sightline.metrics.intervals.interval import (
    UNSEEN_GROUP,
    Interval,
    effective_sizes,
    undefined,
    wilson,
    wilson_share,
)
from sightline.metrics.intervals.resampling import Resampling


@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_is_scipys(n, share, level):
    successes = round(share * n)
    expected = binomtest(successes, n).proportion_ci(level, method="wilson")
    found = wilson(successes, n, level)
    assert found.value == successes / n
    if not 0 < successes <= 3:
        assert found.low == pytest.approx(expected.low, abs=1e-12)
    if not 0 < n - successes <= 3:
        assert found.high == pytest.approx(expected.high, abs=1e-12)
    assert 0 <= found.low <= expected.low + 1e-12 <= found.value + 2e-12
    assert found.value <= expected.high + 1e-12 <= found.high + 2e-12 <= 1 + 2e-12


@pytest.mark.parametrize("successes", [1, 2, 3])
def test_with_few_successes_the_lower_limit_is_poissons(successes):
    """Brown, Cai and DasGupta (2001): half of the 5 % quantile of chi-square with twice as many degrees of freedom."""
    found, mirrored = wilson(successes, 500, 0.95), wilson(500 - successes, 500, 0.95)
    assert found.low == pytest.approx(chi2.ppf(0.05, 2 * successes) / 2 / 500)
    assert mirrored.high == pytest.approx(1 - found.low)


@pytest.mark.parametrize("expected_mistakes", [0.02, 0.1, 0.17, 0.5, 1.0, 2.0, 5.0])
def test_shares_near_one_are_held(expected_mistakes):
    """Exactly, by the binomial; Wilson's own limits hold 84 % where 0.17 mistakes are expected."""
    n, share = 1000, 1 - expected_mistakes / 1000
    counts = np.arange(960, n + 1)
    held = [one.low <= share <= one.high for one in (wilson(int(count), n, 0.95) for count in counts)]
    assert (binom.pmf(counts, n, share) * held).sum() > 0.93


@pytest.mark.parametrize("n", [1, 7, 360, 10_000])
def test_wilson_at_the_ends(n):
    z2 = 1.959963984540054**2
    none, all_ = wilson(0, n, 0.95), wilson(n, n, 0.95)
    assert (none.low, all_.high) == (0.0, 1.0)
    assert none.high == pytest.approx(z2 / (n + z2), abs=1e-12)
    assert all_.low == pytest.approx(n / (n + z2), abs=1e-12)


def test_wilson_without_items_knows_nothing():
    found = wilson(0, 0, 0.95)
    assert math.isnan(found.value)
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(3, 2), (-1, 2), (math.nan, 2), (0, math.nan)])
def test_wilson_refuses_what_is_no_count(successes, n):
    with pytest.raises(ValueError):
        wilson(successes, n, 0.95)


def test_json_has_no_nan():
    text = json.dumps(undefined(0.95).to_json(), allow_nan=False)
    assert json.loads(text) == {"value": None, "low": None, "high": None, "level": 0.95, "method": "undefined"}
    assert type(Interval(np.float64(0.5), 0.0, 1.0, 0.95, "x").to_json()["value"]) is float


def sizes(success, groups):
    success = np.asarray(success, dtype=bool)
    return effective_sizes(success, np.zeros(len(success), dtype=np.int64), 1, np.asarray(groups))[0]


def test_items_on_their_own_are_worth_themselves():
    success = np.random.default_rng(0).random(400) < 0.7
    assert sizes(success, np.arange(400)) == pytest.approx(400, rel=0.01)


def test_copies_add_nothing():
    success = np.random.default_rng(0).random(300) < 0.7
    assert sizes(np.repeat(success, 8), np.repeat(np.arange(300), 8)) == pytest.approx(300, rel=0.01)


def test_groups_that_agree_are_worth_one_item_each():
    assert sizes(np.ones(60), np.arange(60) // 6) == 10
    assert sizes(np.zeros(60), np.arange(60) // 6) == 10


def test_few_groups_have_the_variance_of_a_sample():
    # Shares of groups 1, 1 and 0: the mean of three values with variance 1/3 has variance 1/9; p (1 - p) is 2/9.
    # A group unlike the others would bring (2/3 / 3)^2.
    variance = 1 / 9 + UNSEEN_GROUP * (2 / 9) ** 2
    assert sizes([1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 2, 2]) == pytest.approx(2 / 9 / variance)


def test_groups_that_are_alike_by_chance_are_not_trusted():
    """Eight groups, each of which is bad in a fifth of cases."""
    rng, held = np.random.default_rng(0), 0
    groups = np.repeat(np.arange(8), 100)
    for _ in range(400):
        bad = rng.random(8) < 0.2
        right = rng.random(800) < np.where(bad, 0.4, 0.95)[groups]
        found = Resampling(0.95, 10, 0, groups).share(right)
        held += found.low <= 0.2 * 0.4 + 0.8 * 0.95 <= found.high
    assert held / 400 > 0.92


def test_one_group_is_worth_one_item():
    assert sizes([1, 0, 1, 1], [0, 0, 0, 0]) == 1


def test_never_worth_more_than_they_are():
    assert 99 < sizes([1, 0] * 50, np.arange(100) // 2) <= 100


def test_parts_are_taken_apart():
    success, part, groups = np.ones(6, dtype=bool), np.array([0, 0, 0, 2, 2, 2]), np.array([0, 0, 1, 0, 1, 2])
    assert effective_sizes(success, part, 3, groups).tolist() == [2, 0, 3]


def test_limits_of_an_effective_size_lie_wider():
    alone, grouped = wilson(80, 100, 0.95), wilson_share(0.8, 25.5, 0.95)
    assert grouped.low < alone.low < alone.high < grouped.high
