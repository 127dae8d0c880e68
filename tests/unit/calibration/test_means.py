"""Limits of a mean of whole numbers hold the truth, also where all numbers seen are alike, and with groups."""

import numpy as np
import pytest

from sightline.calibration.means import mean_limits
from sightline.metrics.intervals.resampling import Resampling


@pytest.mark.parametrize("n", [30, 300])
@pytest.mark.parametrize("shares", [(0.03, 0.97), (0.0, 0.97, 0.03), (0.0, 0.6, 0.3, 0.1)])
def test_they_hold_the_truth(n: int, shares: tuple[float, ...]):
    rng = np.random.default_rng(n)
    truth, held = float(np.dot(shares, np.arange(len(shares)))), 0
    for _ in range(400):
        found = mean_limits(rng.choice(len(shares), n, p=shares), 0, 10, Resampling(0.95, 100, 0))
        held += found.low <= truth <= found.high
        assert found.low < found.high
    assert held >= 0.93 * 400


def test_groups_that_are_alike_count_as_items():
    rng, groups, held = np.random.default_rng(0), np.arange(300) // 10, 0
    for _ in range(400):
        values = rng.choice(3, 30, p=[0.1, 0.6, 0.3])[groups]
        found = mean_limits(values, 0, 10, Resampling(0.95, 100, 0, groups))
        held += found.low <= 1.2 <= found.high
    assert held >= 0.93 * 400
