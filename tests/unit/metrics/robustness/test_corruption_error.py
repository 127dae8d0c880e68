"""Mean corruption error, and how often its limits hold what they claim."""

import numpy as np
import pytest

from sightline.metrics.intervals.interval import wilson
from sightline.metrics.intervals.resampling import Resampling
from sightline.metrics.robustness.corruption_error import corruption_errors, mean_gain, mean_score

PLAIN = Resampling(0.95, 100, 0)
RNG = np.random.default_rng(0)


def sample(n: int, rates: np.ndarray, hard: np.ndarray) -> list[np.ndarray]:
    """Errors of n images in 3 corruptions at 5 severities; some images are harder in all of them."""
    return [(hard[:, None] * rate > RNG.random((n, 5))).astype(np.float64) for rate in rates]


def test_the_value_is_the_published_formula():
    own, other = (sample(200, np.array(rates), np.ones(200)) for rates in ([0.2, 0.4, 0.6], [0.3, 0.5, 0.9]))
    errors, mean = corruption_errors(own, other, PLAIN)
    by_hand = [a.mean(axis=0).sum() / b.mean(axis=0).sum() for a, b in zip(own, other, strict=True)]
    assert [one.value for one in errors] == pytest.approx(by_hand)
    assert mean.value == pytest.approx(np.mean(by_hand))
    assert mean.low < mean.value < mean.high


def test_a_model_beside_itself_is_1_without_doubt():
    own = sample(100, np.array([0.2, 0.4, 0.6]), np.ones(100))
    _, mean = corruption_errors(own, own, PLAIN)
    assert (mean.value, mean.low, mean.high) == pytest.approx((1, 1, 1))


def test_limits_hold_what_they_claim():
    rates, base = np.array([0.15, 0.3, 0.5]), np.array([0.2, 0.3, 0.7])
    hits = 0
    for _ in range(300):
        hard = RNG.choice([0.3, 1.7], 120)
        own, other = sample(120, rates, hard), sample(120, base, hard)
        truth = np.mean([np.minimum(r * np.array([0.3, 1.7]), 1).mean() for r in rates] / np.array(
            [np.minimum(r * np.array([0.3, 1.7]), 1).mean() for r in base]
        ))  # fmt: skip
        _, mean = corruption_errors(own, other, PLAIN)
        hits += mean.low <= truth <= mean.high
    assert 0.91 <= hits / 300 <= 0.985


def test_groups_that_are_copies_widen_limits():
    own, other = (sample(40, np.array(rates), np.ones(40)) for rates in ([0.2, 0.4, 0.6], [0.3, 0.5, 0.9]))
    copied = [[np.repeat(each, 5, axis=0) for each in one] for one in (own, other)]
    _, plain = corruption_errors(own, other, PLAIN)
    _, grouped = corruption_errors(*copied, Resampling(0.95, 100, 0, np.repeat(np.arange(40), 5)))
    assert (grouped.low, grouped.high) == pytest.approx((plain.low, plain.high))


def test_no_error_of_the_baseline_leaves_a_corruption_out():
    own = sample(50, np.array([0.5, 0.5]), np.ones(50))
    errors, mean = corruption_errors(own, [np.zeros((50, 5)), own[1]], PLAIN)
    assert np.isnan(errors[0].value)
    assert mean.value == pytest.approx(1)
    nothing, none = corruption_errors(own, [np.zeros((50, 5))] * 2, PLAIN)
    assert np.isnan(none.value)
    assert len(nothing) == 2


def test_no_error_at_all_has_no_upper_limit():
    own = [np.zeros((30, 5))]
    (one,), _ = corruption_errors(own, sample(30, np.array([0.5]), np.ones(30)), PLAIN)
    assert one.to_json()["value"] == 0
    assert one.to_json()["high"] is None


def test_the_mean_of_answers_has_wilsons_limits_and_an_image_counts_once():
    right = np.array([[1.0]] * 59 + [[0.0]])
    found, plain = mean_score(right, PLAIN, graded=False), wilson(59, 60, 0.95)
    assert (found.value, found.low, found.high) == (plain.value, plain.low, plain.high)
    copied = mean_score(np.repeat(right, 5, axis=1), PLAIN, graded=False)
    assert copied.value == found.value
    assert copied.low <= found.low + 0.002, "five equal answers to an image are worth no more than one"
    both = mean_score(np.array([[1.0, 0.0], [1.0, 1.0], [np.nan, np.nan]]), PLAIN, graded=False)
    assert both.value == pytest.approx(0.75)


def test_limits_of_the_mean_hold_what_they_claim():
    hits = 0
    for _ in range(400):
        hard = RNG.choice([0.2, 1.8], 80)
        errors = np.concatenate(sample(80, np.array([0.1, 0.2, 0.4]), hard), axis=1)
        found = mean_score(1 - errors, PLAIN, graded=False)
        hits += found.low <= 1 - np.mean([0.1, 0.2, 0.4]) <= found.high
    assert 0.93 <= hits / 400 <= 0.995


def test_graded_scores_may_lie_in_between():
    found = mean_score(np.array([[0.2, 0.4], [0.5, 0.9], [np.nan, 0.1]]), PLAIN, graded=True)
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


def test_a_gain_is_paired_by_image():
    hard = RNG.choice([0.2, 1.8], 150)
    errors = [np.concatenate(sample(150, np.array(rates), hard), axis=1) for rates in ([0.2, 0.3], [0.25, 0.4])]
    found = mean_gain(1 - errors[0], 1 - errors[1], PLAIN)
    assert found.value == pytest.approx(errors[1].mean() - errors[0].mean())
    assert found.low < found.value < found.high
    apart = mean_gain(1 - errors[0], 1 - np.roll(errors[1], 1, axis=0), PLAIN)
    assert found.high - found.low < apart.high - apart.low, "what is hard for both cancels"
    same = mean_gain(errors[0], errors[0], PLAIN)
    assert same.value == 0
    assert same.low <= 0 <= same.high
