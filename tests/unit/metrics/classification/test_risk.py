import numpy as np
import pytest

from sightline.metrics.classification.risk import COVERAGES, aurc, risk_coverage, selective_risk
from sightline.metrics.intervals.resampling import Resampling


def test_the_curve_answers_the_surest_first():
    confidence = np.array([0.9, 0.5, 0.8, 0.6])
    right = np.array([True, False, False, True])
    coverage, risk = risk_coverage(confidence, right)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    assert aurc(confidence, right) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidences_have_no_order():
    confidence, right = np.full(6, 0.7), np.array([True, False, True, True, False, True])
    turned = risk_coverage(confidence, right[::-1])
    assert (risk_coverage(confidence, right)[1] == turned[1]).all()
    assert turned[1] == pytest.approx(np.full(6, 1 / 3))


def drawn(n: int, seed: int):
    """Confidences that are true, and the area of the population: answers are wrong with probability 1 - confidence."""
    rng = np.random.default_rng(seed)
    confidence = rng.beta(6, 1.5, n)
    return confidence, rng.random(n) < confidence


def measured(n: int, seed: int):
    confidence, right = drawn(n, seed)
    return selective_risk(confidence, right, Resampling(0.95, 200, seed))


def test_intervals_hold_the_area_and_the_curve():
    """95 % intervals at 400 items; 3 standard errors of 150 samples are 5 points."""
    confidence, right = drawn(1_000_000, 99)
    area, (covered, risk) = aurc(confidence, right), risk_coverage(confidence, right)
    points = np.interp(COVERAGES[[9, 24, 49]], covered, risk)
    found = [measured(400, seed) for seed in range(150)]
    assert np.mean([f["aurc"]["low"] <= area <= f["aurc"]["high"] for f in found]) > 0.90
    for place, point in zip((9, 24, 49), points, strict=True):
        assert np.mean([f["low"][place] <= point <= f["high"][place] for f in found]) > 0.90


def test_the_last_point_is_the_share_of_mistakes():
    confidence, right = drawn(300, 1)
    found = measured(300, 1)
    assert found["risk"][-1] == pytest.approx((~right).mean())
    assert found["aurc"]["value"] == pytest.approx(aurc(confidence, right))


def test_no_mistakes_leave_room_for_some():
    found = selective_risk(
        np.linspace(0.5, 1, 100),
        np.ones(100, dtype=bool),
        Resampling(0.95, 200, 0),
    )
    assert found["aurc"]["value"] == found["aurc"]["low"] == 0
    assert 0.02 < found["aurc"]["high"] < 0.3


def test_copies_in_groups_make_nothing_surer():
    confidence, right = drawn(200, 3)
    alone = selective_risk(confidence, right, Resampling(0.95, 300, 0))
    copied = (np.repeat(part, 4) for part in (confidence, right))
    copies = selective_risk(*copied, Resampling(0.95, 300, 0, np.repeat(np.arange(200), 4)))
    width, wide = (found["aurc"]["high"] - found["aurc"]["low"] for found in (copies, alone))
    assert width == pytest.approx(wide, rel=0.25)
