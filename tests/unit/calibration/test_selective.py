"""Risk and coverage as defined, and a bound on the risk that holds as often as it says."""

import numpy as np
import pytest
from scipy.stats import binom

from sightline.calibration.selective import fit_threshold, risk_bound


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
        found = fit_threshold(*answers(rng, n), target, 0.05, answers(rng, n) if guided else None)
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
    assert not np.isfinite(fit_threshold(confidence, right, 0.05, 0.05).threshold)
    found = fit_threshold(confidence, right, 0.05, 0.05, (confidence, right))
    assert found.coverage == pytest.approx(85 / 90)
    assert found.risk_bound == pytest.approx(1 - 0.05 ** (1 / 85))


def test_no_threshold_where_none_can_be_vouched_for():
    rng = np.random.default_rng(0)
    found = fit_threshold(rng.random(200), rng.random(200) < 0.5, 0.01, 0.05)
    assert (found.threshold, found.coverage) == (np.inf, 0.0)
    assert np.isnan([found.risk, found.risk_bound]).all()
