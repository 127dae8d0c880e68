"""Swapped answers, against scipy's own tests."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import binomtest, permutation_test, ttest_rel

from sightline.metrics.catalogue import METRICS
from sightline.metrics.comparison.judged import Answers, Judged
from sightline.metrics.comparison.pairs import MOST_FREEDOM, variance_of
from sightline.metrics.comparison.swaps import swap_test
from sightline.metrics.comparison.systems import measure
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.predictions import Predictions


def mean_of(values: np.ndarray) -> Judged:
    return Judged(csr_array(np.stack([values, np.ones(len(values))])), lambda sums: sums[0] / sums[1], linear=True)


@pytest.mark.parametrize("draws", [1, 1000])
def test_few_units_are_swapped_in_all_ways(draws: int):
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.8, 1, 9), rng.normal(size=9)
    expected = permutation_test(
        (a, b), lambda x, y: np.mean(x) - np.mean(y), permutation_type="samples", n_resamples=600
    )
    assert swap_test((mean_of(a),), (mean_of(b),), draws, 0) == pytest.approx(expected.pvalue, abs=1e-12)


@pytest.mark.parametrize(("only_a", "only_b"), [(9, 1), (5, 0), (30, 12)])
def test_of_shares_it_is_the_exact_test_of_mcnemar(only_a: int, only_b: int):
    a = np.r_[np.ones(only_a), np.zeros(only_b), np.ones(200)]
    b = np.r_[np.zeros(only_a), np.ones(only_b), np.ones(200)]
    exact = binomtest(only_a, only_a + only_b).pvalue
    assert swap_test((mean_of(a),), (mean_of(b),), 20_000, 0) == pytest.approx(exact, abs=0.003)


def test_no_p_value_is_zero_however_sure():
    a, b = np.ones(5000), np.zeros(5000)
    assert 0 < swap_test((mean_of(a),), (mean_of(b),), 100, 0) < 1e-100


def test_answers_that_are_the_same_are_not_told_apart():
    a = np.arange(20.0)
    assert swap_test((mean_of(a),), (mean_of(a),), 100, 0) == 1


def test_members_of_systems_of_other_sizes_count_alike():
    """A metric that is no mean, three members against two: six pairs, in which each member stands equally often."""
    rng = np.random.default_rng(1)

    def members(count: int) -> tuple[Judged, ...]:
        found = [csr_array(np.stack([rng.random(40), np.ones(40)])) for _ in range(count)]
        return tuple(Judged(units, lambda sums: np.sqrt(sums[0] / sums[1]), linear=False) for units in found)

    a, b = members(3), members(2)
    assert 0.01 < swap_test(a, b, 500, 0) <= 1


def test_many_items_give_the_paired_t_test():
    rng, n = np.random.default_rng(2), 4000
    labels = rng.integers(3, size=n)
    systems = [
        Predictions(
            np.arange(n).astype(str), (rng.normal(size=(n, 3)) + skill * np.eye(3)[labels]).astype(np.float32), labels
        )
        for skill in (1.0, 1.06)
    ]
    metric, resampling = METRICS["log_loss"], Resampling(0.95, 100, 0)
    a, b = (measure(name, [Answers.of(one, 15)], metric, resampling) for name, one in zip("ab", systems, strict=True))
    losses = [-np.log(one.probabilities()[np.arange(n), labels]) for one in systems]
    variance = variance_of(a, b, metric, np.bincount(labels), resampling)
    assert variance.freedom < MOST_FREEDOM
    assert variance.p_value(a.mean - b.mean) == pytest.approx(ttest_rel(*losses).pvalue, rel=0.02)
