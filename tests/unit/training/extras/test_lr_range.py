import numpy as np
import pytest

from sightline.errors import RunFailedError
from sightline.training.extras.lr_range import EDGE, read_off, smoothed

RATES = np.geomspace(1e-6, 1.0, 100).tolist()


def losses(fall: float = 1e-3, diverge: float = 0.1) -> list[float]:
    """Losses that fall from 2 to 0.5 around one rate, and grow from another on."""
    rates = np.array(RATES)
    return (0.5 + 1.5 / (1 + (rates / fall) ** 2) + (rates / diverge) ** 2).tolist()


@pytest.mark.parametrize("fall", [1e-5, 1e-4, 1e-3])
def test_the_suggestion_lies_where_the_loss_falls_most_steeply(fall: float):
    found = read_off(RATES, losses(fall))
    assert found.suggestion is not None
    assert fall < found.suggestion < 6 * fall, "the running mean lags behind by a few steps"
    assert found.suggestion < found.lowest < 0.2


def test_noise_moves_it_little():
    noise = np.random.default_rng(0).normal(0, 0.05, 100)
    calm, noisy = (read_off(RATES, (np.array(losses()) + some).tolist()).suggestion for some in (0 * noise, noise))
    assert calm
    assert noisy
    assert 0.5 < noisy / calm < 2


def test_a_loss_that_only_grows_suggests_nothing():
    found = read_off(RATES, np.linspace(1, 2, 100).tolist())
    assert (found.suggestion, found.lowest) == (None, pytest.approx(RATES[0]))


@pytest.mark.parametrize("steps", [1, 2, EDGE, EDGE + 1])
def test_a_test_that_ends_at_once_is_no_crash(steps: int):
    read_off(RATES[:steps], losses()[:steps])


def test_no_finite_loss_at_all_is_said():
    with pytest.raises(RunFailedError, match="not finite"):
        read_off([], [])


def test_the_running_mean_starts_at_the_first_loss_and_keeps_a_constant():
    assert smoothed([3.0])[0] == pytest.approx(3.0)
    np.testing.assert_allclose(smoothed([2.0] * 50), 2.0)
