import numpy as np
import pytest

from sightline.metrics.intervals.bootstrap import Resampler, reach, share_limits
from sightline.metrics.intervals.interval import wilson


def weights(strata, groups=None, resamples=2000, seed=0, block=300):
    return np.concatenate(list(Resampler(strata, groups, seed).weights(resamples, block)), axis=1)


def test_resamples_keep_the_size_of_every_class():
    strata = np.array([2, 0, 0, 1, 1, 1, 1, 0, 0, 0])
    drawn = weights(strata)
    assert drawn.shape == (10, 2000)
    for stratum, size in ((0, 5), (1, 4), (2, 1)):
        assert drawn[strata == stratum].sum(axis=0) == pytest.approx(size)


def test_an_item_alone_in_its_class_is_always_there():
    assert (weights(np.array([0, 1, 0, 0]))[1] == 1).all()


@pytest.mark.parametrize("size", [3, 10, 200])
def test_spread_of_a_resampled_mean_is_its_standard_error(size):
    values = np.random.default_rng(0).normal(size=size)
    means = values @ weights(np.zeros(size, dtype=np.int64), resamples=8000) / size
    assert means.mean() == pytest.approx(values.mean(), abs=0.02)
    assert means.std() == pytest.approx(values.std(ddof=1) / np.sqrt(size), rel=0.03)


def test_groups_come_whole():
    groups = np.array([1, 0, 1, 2, 2, 2])
    drawn = weights(np.array([0, 1, 0, 1, 0, 1]), groups)
    for group in range(3):
        assert np.ptp(drawn[groups == group], axis=0).max() == 0
    assert drawn[[1, 0, 3]].sum(axis=0) == pytest.approx(3)


def test_a_seed_says_it_all_and_blocks_say_nothing():
    strata = np.arange(50) % 3
    assert np.array_equal(weights(strata, block=7, resamples=40), weights(strata, block=40, resamples=40))
    assert not np.array_equal(weights(strata, seed=1), weights(strata, seed=2))


def test_extras_are_rare_and_even():
    extras = Resampler(np.zeros(20, dtype=np.int64), None, 0).extras(5000, 1.92, 3.0)
    assert set(extras.data) == {3.0}
    assert extras.sum() / 3 / 5000 == pytest.approx(1.92, rel=0.03)
    assert extras.sum(axis=1) / 3 / 5000 == pytest.approx(np.full(20, 1.92 / 20), rel=0.2)


@pytest.mark.parametrize(("share", "n"), [(0.5, 200), (0.97, 200), (0.9, 5000)])
def test_limits_of_a_share_are_wilsons(share, n):
    samples = np.random.default_rng(0).binomial(n, share, 100_000) / n
    found, expected = share_limits(share, samples, share, 0.95), wilson(round(share * n), n, 0.95)
    assert (found.low, found.high) == pytest.approx(
        (expected.low, expected.high), abs=0.02 * (expected.high - expected.low)
    )


def test_bias_comes_off_where_it_is_no_chance():
    samples = np.random.default_rng(0).normal(0.8, 0.01, 10_000)
    fair, biased = share_limits(0.82, samples, 0.80005, 0.95), share_limits(0.82, samples, 0.82, 0.95)
    assert (fair.low + fair.high) / 2 == pytest.approx(0.82, abs=2.5e-3)
    assert (biased.low + biased.high) / 2 == pytest.approx(0.84, abs=2.5e-3)
    assert biased.low <= 0.82


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_resamples_that_all_agree(value):
    found = share_limits(value, np.full(100, value), value, 0.95)
    assert 0 <= found.low <= value <= found.high <= 1


def test_reach_is_counted_from_the_mean():
    assert reach(np.linspace(3, 5, 1001), 0.9) == pytest.approx((0.9, 0.9))
    assert reach(np.full(10, 0.4), 0.95) == pytest.approx((0, 0), abs=1e-12)
