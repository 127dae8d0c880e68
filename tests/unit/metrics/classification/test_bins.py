import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.metrics.classification.bins import equal_mass, equal_width, reliability
from sightline.metrics.intervals.interval import wilson
from sightline.metrics.intervals.resampling import Resampling


def test_bins_are_closed_on_the_right():
    values = np.array([0.0, 1e-9, 0.2, np.nextafter(0.2, 1), 0.4, 0.6, 0.8, 0.99, 1.0])
    assert equal_width(values, 5).tolist() == [0, 0, 0, 1, 1, 2, 3, 4, 4]


@given(st.integers(2, 40))
def test_every_edge_falls_into_the_bin_below_it(bins):
    edges = np.linspace(0, 1, bins + 1)
    assert equal_width(edges[1:], bins).tolist() == list(range(bins))
    assert equal_width(np.nextafter(edges[:-1], 1), bins).tolist() == list(range(bins))


def test_equal_mass_fills_its_bins_and_keeps_ties_together():
    rng = np.random.default_rng(0)
    values = rng.random(150)
    assert np.bincount(equal_mass(values, 15)).tolist() == [10] * 15
    tied = np.concatenate([np.ones(60), values[:40]])
    where = equal_mass(tied, 10)
    assert len(set(where[:60])) == 1
    order = rng.permutation(100)
    assert np.array_equal(equal_mass(tied[order], 10), where[order])
    assert (np.diff(where[np.argsort(tied)]) >= 0).all()


def test_reliability_table():
    confidence = np.array([0.0, 0.55, 0.59, 0.6, 1.0, 1.0])
    right = np.array([False, True, False, True, True, True])
    table = reliability(confidence, right, 5, Resampling(0.9, 100, 0))
    assert [row["count"] for row in table] == [1, 3, 2]
    middle = table[1]
    assert (middle["low"], middle["high"]) == (0.4, 0.6)
    assert middle["confidence"] == pytest.approx((0.55 + 0.59 + 0.6) / 3)
    limits = wilson(2, 3, 0.9)
    assert (middle["accuracy_low"], middle["accuracy_high"]) == pytest.approx((limits.low, limits.high))
    assert table[2]["accuracy_high"] == 1.0


def test_items_of_one_group_count_as_fewer():
    """Ten groups whose items agree are ten items, not a hundred."""
    right = np.repeat(np.arange(10) % 5 > 0, 10)
    alone, grouped = (
        reliability(np.full(100, 0.9), right, 5, Resampling(0.95, 100, 0, groups))[0]
        for groups in (None, np.arange(100) // 10)
    )
    ten = wilson(8, 10, 0.95)
    assert alone["accuracy_high"] - alone["accuracy_low"] < 0.17
    assert grouped["accuracy_low"] < ten.low < ten.high < grouped["accuracy_high"]
