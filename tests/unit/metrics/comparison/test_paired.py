"""McNemar's test, Tango's limits and Holm's adjustment, against published figures and by simulation."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from sightline.metrics.comparison.paired import holm, mcnemar, tango


def test_the_published_example():
    """Airway responsiveness of 21 children, Bentur et al. 2009, as in Fagerland, Lydersen and Laake (2013, 2014)."""
    assert mcnemar(1, 7) == pytest.approx(0.0391, abs=5e-5)
    found = tango(1, 7, 21, 0.95)
    assert (found.value, found.low, found.high) == pytest.approx((-6 / 21, -0.517, -0.026), abs=1e-3)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (0, 5), (3, 3), (40, 61), (900, 1000)])
def test_mcnemar_is_the_exact_test_less_half_of_what_was_seen(only_a: int, only_b: int):
    n = only_a + only_b
    exact = binomtest(only_a, n, 0.5).pvalue if n else 1.0
    expected = exact - binom.pmf(only_a, n, 0.5) if only_a != only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, abs=1e-12)
    assert mcnemar(only_a, only_b) == mcnemar(only_b, only_a)


@pytest.mark.parametrize(
    ("only_a", "only_b", "n"), [(0, 0, 10), (10, 0, 10), (0, 10, 10), (0, 1, 1), (3, 0, 500), (700, 20, 10_000)]
)
def test_limits_enclose_the_difference_and_turn_with_it(only_a: int, only_b: int, n: int):
    found, turned = tango(only_a, only_b, n, 0.95), tango(only_b, only_a, n, 0.95)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low), abs=1e-9)


def test_two_that_never_differ_are_not_known_to_be_equal():
    found = tango(0, 0, 100, 0.95)
    assert found.high == pytest.approx(1.96**2 / (100 + 1.96**2), rel=1e-3)


def test_many_items_give_the_normal_limits():
    n, only_a, only_b = 1_000_000, 31_000, 30_000
    found, value = tango(only_a, only_b, n, 0.95), 0.001
    half = 1.959964 * np.sqrt((only_a + only_b) / n - value**2) / np.sqrt(n)
    assert (found.low, found.high) == pytest.approx((value - half, value + half), abs=1e-6)


def test_limits_and_test_hold_their_level():
    """Thirty items, 20 % on which only one is right, no difference: exact coverage over all outcomes."""
    n, share, missed, rejected = 30, 0.1, 0.0, 0.0
    for only_a in range(n + 1):
        for only_b in range(n + 1 - only_a):
            chance = binom.pmf(only_a, n, share) * binom.pmf(only_b, n - only_a, share / (1 - share))
            found = tango(only_a, only_b, n, 0.95)
            missed += chance * (not found.low <= 0 <= found.high)
            rejected += chance * (mcnemar(only_a, only_b) < 0.05)
    assert 0.03 < missed < 0.06
    assert 0.02 < rejected < 0.055


def test_holm_as_in_the_textbook():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []
    assert holm([0.02]) == [0.02]
