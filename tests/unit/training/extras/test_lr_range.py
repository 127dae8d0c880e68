import numpy as np
import pytest

from sightline.errors import RunFailedError
from sightline.training.extras.lr_range import AT_REST, read_off, smoothed

RATES = np.geomspace(1e-6, 1.0, 100).tolist()


def losses(fall: float = 1e-3, diverge: float = 0.1) -> list[float]:
    """Losses that fall from 2 to 0.5 around one rate, and grow from another on."""
    rates = np.array(RATES)
    return (0.5 + 1.5 / (1 + (rates / fall) ** 2) + (rates / diverge) ** 2).tolist()


@pytest.mark.parametrize("fall", [2e-5, 1e-4, 1e-3])
def test_the_suggestion_lies_where_the_loss_falls_most_steeply(fall: float):
    found = read_off(RATES, losses(fall))
    assert found.suggestion is not None
    assert 0.6 * fall < found.suggestion < 1.6 * fall
    assert 10 * found.suggestion <= 1.1 * found.lowest < 0.2


def test_noise_moves_it_little():
    noise = np.random.default_rng(0).normal(0, 0.05, 100)
    calm, noisy = (read_off(RATES, (np.array(losses()) + some).tolist()).suggestion for some in (0 * noise, noise))
    assert calm
    assert noisy
    assert 0.5 < noisy / calm < 2


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_suggests_nothing(seed: int):
    noise = np.random.default_rng(seed).normal(2.3, 0.3, 100)
    assert read_off(RATES, noise.tolist()).suggestion is None


def test_a_loss_that_only_grows_suggests_nothing():
    found = read_off(RATES, np.linspace(1, 2, 100).tolist())
    assert (found.suggestion, found.lowest) == (None, pytest.approx(RATES[0]))


@pytest.mark.parametrize("steps", [1, 2, AT_REST, AT_REST + 1])
def test_a_test_that_ends_at_once_is_no_crash(steps: int):
    read_off(RATES[:steps], losses()[:steps])


def test_no_finite_loss_at_all_is_said():
    with pytest.raises(RunFailedError, match="not finite"):
        read_off([], [])


def test_the_mean_is_of_the_steps_on_either_side():
    line = np.arange(30.0)
    np.testing.assert_allclose(smoothed(line)[5:-5], line[5:-5])
    np.testing.assert_allclose(smoothed([2.0] * 50), 2.0)
    assert smoothed([3.0])[0] == 3.0
