import numpy as np
import pytest

from sightline.errors import UsageError
from sightline.metrics.intervals.interval import Interval, effective_sizes, wilson
from sightline.metrics.intervals.resampling import Resampling, group_codes

HITS = np.arange(60) % 4 > 0
GROUPS = np.arange(60) // 6
ALONE, GROUPED = Resampling(0.95, 100, 0), Resampling(0.95, 100, 0, GROUPS)


def test_groups_become_numbers_from_nought():
    assert group_codes(None, 3) is None
    codes = group_codes(np.array(["b", "a", "b"]), 3)
    assert codes is not None
    assert codes.tolist() == [1, 0, 1]
    with pytest.raises(UsageError, match="groups: 2 for 3 predictions"):
        group_codes(np.array(["a", "b"]), 3)


def test_items_that_stand_for_themselves():
    assert ALONE.n_groups is None
    assert ALONE.effective_size(HITS) == 60
    assert ALONE.caution == 1
    assert ALONE.share(HITS) == wilson(45, 60, 0.95, "Wilson")


def test_items_in_groups_are_worth_less():
    assert GROUPED.n_groups == 10
    assert GROUPED.effective_size(HITS) == effective_sizes(HITS, np.zeros(60, dtype=np.int64), 1, GROUPS)[0]
    assert GROUPED.caution == pytest.approx(2.262157 / 1.959964, abs=1e-6)
    share = GROUPED.share(HITS)
    assert share.method == "Wilson, groups"
    assert share.low < ALONE.share(HITS).low


def test_limits_widen_and_stay_within_what_can_be():
    found = Interval(0.9, 0.8, 0.95, 0.95, "bootstrap")
    assert ALONE.widened(found, 0.0, 1.0) == found
    wide = GROUPED.widened(found, 0.0, 1.0)
    assert (wide.low, wide.high) == pytest.approx((0.9 - 0.1 * GROUPED.caution, 0.9 + 0.05 * GROUPED.caution))
    assert GROUPED.widened(found, 0.85, 0.92).low == 0.85
    assert GROUPED.widened(found, 0.85, 0.92).high == 0.92


def test_draws_are_of_items_or_of_whole_groups():
    (weights,) = GROUPED.draws(60).weights(20, 20)
    assert all(len(set(weights[group == GROUPS, 0])) == 1 for group in range(10))
    (again,) = GROUPED.draws(60).weights(20, 20)
    assert np.array_equal(weights, again)
    (alone,) = ALONE.draws(60).weights(20, 20)
    assert not np.array_equal(weights, alone)
