"""Limits of ratios over images: what they say where nothing varies, where one image says all, and in groups."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import t as student

from sightline.metrics.intervals.interval import wilson
from sightline.metrics.intervals.ratios import UNSEEN, Ratios, correlations, effective, freedom, stretch


def ratios(parts, wholes, evidence=None, groups=None) -> Ratios:
    columns = [np.array(each, dtype=np.float64)[:, None] for each in (parts, wholes, evidence or wholes)]
    return Ratios.of(*columns, None if groups is None else np.array(groups))


def only(found: Ratios):
    (interval,) = found.intervals(0.95, "m")
    return interval


def test_the_jackknife_is_that_of_leaving_images_out():
    rng = np.random.default_rng(0)
    wholes = rng.integers(1, 100, 12).astype(float)
    parts = np.floor(wholes * rng.random(12))
    found = ratios(parts, wholes)
    without = np.array([np.delete(parts, i).sum() / np.delete(wholes, i).sum() for i in range(12)])
    variance = 11 / 12 * ((without - without.mean()) ** 2).sum()
    assert (found.influence**2).sum() == pytest.approx(variance)
    value = parts.sum() / wholes.sum()
    odd, size = value * (1 - value), wholes.sum() ** 2 / (wholes**2).sum()
    degrees = min(11, float(freedom(found.influence, 11)[0]))
    reach = student.ppf(0.975, degrees) * np.sqrt(variance + UNSEEN * odd / size**3) / odd
    interval = only(found)
    assert (interval.low, interval.high) == pytest.approx(tuple(expit(logit(value) + sign * reach) for sign in (-1, 1)))


def test_images_that_are_all_right_are_as_sure_as_so_many_right_items():
    plain = wilson(10, 10, 0.95)
    interval = only(ratios([50] * 10, [50] * 10))
    assert (interval.low, interval.high) == (pytest.approx(plain.low), 1.0)
    assert only(ratios([0] * 10, [50] * 10)).low == 0.0


def test_images_of_unlike_sizes_are_worth_fewer():
    few, many = only(ratios([900, 1, 1, 1], [900, 1, 1, 1])), only(ratios([9] * 4, [9] * 4))
    assert few.low < many.low


def test_what_one_image_shows_may_be_anything():
    interval = only(ratios([5, 0, 0], [10, 0, 0]))
    assert (interval.value, interval.low, interval.high) == (0.5, 0.0, 1.0)
    by_evidence = only(ratios([5, 1, 2], [10, 10, 10], [10, 0, 0]))
    assert (by_evidence.low, by_evidence.high) == (0.0, 1.0)
    nothing = only(ratios([0, 0], [0, 0]))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()


def test_whole_groups_count_as_one():
    rng = np.random.default_rng(1)
    quality = rng.random(6).repeat(5)
    apart, together = (only(ratios(100 * quality, [100.0] * 30, groups=g)) for g in (None, np.arange(6).repeat(5)))
    assert together.high - together.low > 1.5 * (apart.high - apart.low)
    in_one = only(ratios(100 * quality, [100.0] * 30, groups=[0] * 30))
    assert (in_one.low, in_one.high) == (0.0, 1.0)


def test_a_mean_holds_what_its_ratios_leave_open():
    rng = np.random.default_rng(2)
    parts = np.stack([50 + 9 * rng.random(40), 30 * rng.random(40), np.zeros(40)], axis=1)
    parts[0, 2] = 7
    wholes = np.stack([np.full(40, 60.0), np.full(40, 40.0), np.eye(40)[0] * 10], axis=1)
    of_two, of_three = (Ratios(parts[:, :k], wholes[:, :k], wholes[:, :k]).mean(0.95, "m") for k in (2, 3))
    assert of_three.value == pytest.approx((2 * of_two.value + 0.7) / 3)
    assert of_three.high - of_three.value >= 0.3 / 3  # the third may be 1
    assert of_three.value - of_three.low >= 0.7 / 3  # or 0
    absent = np.zeros((40, 1))
    without = Ratios(*(np.hstack([each[:, :2], absent]) for each in (parts, wholes, wholes))).mean(0.95, "m")
    assert (without.value, without.low, without.high) == pytest.approx((of_two.value, of_two.low, of_two.high))


def test_a_mean_of_equal_ratios_is_as_sure_as_one_of_them():
    rng = np.random.default_rng(3)
    parts, wholes = 100 * rng.random((50, 1)), np.full((50, 1), 100.0)
    alone = Ratios(parts, wholes, wholes)
    thrice = Ratios(*(np.repeat(each, 3, axis=1) for each in (parts, wholes, wholes)))
    one, mean = alone.mean(0.95, "m"), thrice.mean(0.95, "m")
    assert (mean.low, mean.high) == pytest.approx((one.low, one.high))


def test_helpers():
    assert effective(np.array([[1.0, 0], [1, 0], [1, 5]])).tolist() == [3, 1]
    assert stretch(np.inf, 0.95) == 1
    assert stretch(5, 0.95) == pytest.approx(student.ppf(0.975, 5) / student.ppf(0.975, 1e9))
    assert freedom(np.array([[1.0], [1.0], [-1.0], [-1.0]]), 3).tolist() == [3]
    assert freedom(np.array([[5.0], [0.0], [0.0], [0.0]]), 3)[0] < 3
    found = correlations(np.array([[1.0, 2, 0], [-1, -2, 0]]))
    assert found == pytest.approx(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
