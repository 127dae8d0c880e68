"""Risk and coverage as defined, and a bound on the risk that holds as often as it says."""

import numpy as np
import pytest
from scipy.stats import binom

from sightline.calibration.selective import ConfidenceAndHits, fit_threshold, grouped_risk_bound, risk_bound


@pytest.mark.parametrize(("mistakes", "answered"), [(0, 10), (3, 50), (10, 10), (0, 0), (49, 50)])
def test_the_bound_is_the_share_at_which_so_few_mistakes_become_unlikely(mistakes: int, answered: int):
    (bound,) = risk_bound(np.array([mistakes]), np.array([answered]), 0.05)
    if mistakes == answered:
        assert bound == 1.0
    else:
        assert binom.cdf(mistakes, answered, bound) == pytest.approx(0.05, abs=1e-9)


def answers(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that promise a little too much."""
    confidence = 1 / (1 + np.exp(-rng.normal(2.0, 1.5, n)))
    return confidence, rng.random(n) < confidence**1.3


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize(("n", "target"), [(300, 0.3), (3000, 0.15), (3000, 0.1)])
def test_the_risk_of_the_population_is_within_its_bound(n: int, target: float, guided: bool):
    rng, draws, broken, answered = np.random.default_rng([n, int(1000 * target)]), 300, 0, 0.0
    confidence, right = answers(rng, 2_000_000)
    order = np.argsort(confidence)
    confidence, wrong = confidence[order], np.concatenate([[0], np.cumsum(~right[order])])
    for _ in range(draws):
        chosen = ConfidenceAndHits(*answers(rng, n))
        found = fit_threshold(chosen, target, 0.05, ConfidenceAndHits(*answers(rng, n)) if guided else None)
        answered += found.coverage
        if np.isfinite(found.threshold):
            assert found.risk <= found.risk_bound <= target
            first = np.searchsorted(confidence, found.threshold)
            broken += (wrong[-1] - wrong[first]) / (len(confidence) - first) > found.risk_bound
    assert broken / draws <= 0.05
    assert answered / draws > 0.1


def test_a_guide_answers_more():
    """Ninety items, none of them wrong when sure: enough for a risk of 5 %, if one knows where to look."""
    rng = np.random.default_rng(0)
    confidence, right = np.concatenate([rng.uniform(0.95, 1, 85), rng.uniform(0.3, 0.6, 5)]), np.arange(90) < 87
    assert not np.isfinite(fit_threshold(ConfidenceAndHits(confidence, right), 0.05, 0.05).threshold)
    found = fit_threshold(ConfidenceAndHits(confidence, right), 0.05, 0.05, ConfidenceAndHits(confidence, right))
    assert found.coverage == pytest.approx(85 / 90)
    assert found.risk_bound == pytest.approx(1 - 0.05 ** (1 / 85))


def test_no_threshold_where_none_can_be_vouched_for():
    rng = np.random.default_rng(0)
    found = fit_threshold(ConfidenceAndHits(rng.random(200), rng.random(200) < 0.5), 0.01, 0.05)
    assert (found.threshold, found.coverage) == (np.inf, 0.0)
    assert np.isnan([found.risk, found.risk_bound]).all()


def test_groups_of_one_item_have_the_bound_of_clopper_and_pearson():
    wrong = np.arange(300) % 20 == 0
    bound = grouped_risk_bound(wrong[None].astype(float), np.ones((1, 300)), 1, 0.05)
    assert bound == pytest.approx(risk_bound(np.array([15]), np.array([300]), 0.05), abs=1e-3)


def groups_of_answers(rng: np.random.Generator, groups: int, size: int, bad: float, wrong: float) -> ConfidenceAndHits:
    """Groups of which a share is wrong as a whole, however sure; the others are wrong here and there."""
    n = groups * size
    owner = np.arange(n) // size
    confidence = 1 / (1 + np.exp(-rng.normal(2.5, 1.5, n)))
    mistaken = (rng.random(groups) < bad)[owner] | (rng.random(n) < wrong)
    return ConfidenceAndHits(confidence, ~mistaken, owner)


@pytest.mark.parametrize(("groups", "size"), [(20, 20), (10, 40), pytest.param(100, 4, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("bad", "wrong"), [(0.052, 0.0), (0.03, 0.03)])
def test_the_bound_holds_where_groups_are_wrong_as_a_whole(groups: int, size: int, bad: float, wrong: float):
    """The risk is just above 5 % at every confidence; as items they would pass a bound of 5 % far too often."""
    rng, draws = np.random.default_rng([groups, int(1000 * bad)]), 200
    given = [groups_of_answers(rng, groups, size, bad, wrong) for _ in range(2 * draws)]
    pairs = list(zip(given[::2], given[1::2], strict=True))
    broken = [np.isfinite(fit_threshold(one, 0.05, 0.05, other).threshold) for one, other in pairs]
    assert np.mean(broken) <= 0.06 + 0.02  # two standard errors of 200 draws would be 0.03
    ungrouped = [
        np.isfinite(
            fit_threshold(
                ConfidenceAndHits(a.confidence, a.right), 0.05, 0.05, ConfidenceAndHits(b.confidence, b.right)
            ).threshold
        )
        for a, b in pairs
    ]
    assert np.mean(ungrouped) > np.mean(broken)


def test_a_hundred_groups_that_are_mostly_right_are_answered():
    rng = np.random.default_rng(3)
    pairs = [[groups_of_answers(rng, 100, 4, 0.0, 0.005) for _ in range(2)] for _ in range(60)]
    found = [fit_threshold(*(one, 0.05, 0.05, other)) for one, other in pairs]
    assert np.mean([one.coverage for one in found]) > 0.5


def test_too_few_groups_are_told_so():
    rng = np.random.default_rng(0)
    given = groups_of_answers(rng, 20, 20, 0.0, 0.0)
    found = fit_threshold(given, 0.05, 0.05, given)
    assert found.threshold == np.inf
    where = "20 groups in the half of the calibration split that the temperature left"
    assert found.reason == f"{where}; a risk of 0.05 takes at least 59, all of them answered rightly"
    alone = fit_threshold(given, 0.05, 0.05)
    beside = "131 (59 beside a val split, which says where to look)"
    assert alone.reason == f"{where}; a risk of 0.05 takes at least {beside}, all of them answered rightly"
    assert np.isfinite(fit_threshold(given, 0.2, 0.05, given).threshold)


def test_counts_are_those_of_a_slow_account():
    rng = np.random.default_rng(0)
    given = ConfidenceAndHits(rng.random(60), rng.random(60) < 0.7, rng.integers(7, size=60))
    tried = np.array([0.0, 0.3, 0.31, 0.9])
    answered, wrong = given.counts(tried)
    for row, threshold in enumerate(tried):
        chosen = given.confidence >= threshold
        assert given.groups is not None
        assert answered[row].tolist() == [(chosen & (given.groups == group)).sum() for group in range(7)]
        assert wrong[row].tolist() == [(chosen & ~given.right & (given.groups == group)).sum() for group in range(7)]
