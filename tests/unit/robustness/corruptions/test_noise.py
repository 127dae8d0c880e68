"""Noise has the distribution of its formula."""

import numpy as np
import pytest
import torch
from scipy.stats import binom, kstest, norm, poisson

from sightline.robustness.corruptions.draws import Draws
from sightline.robustness.corruptions.noise import gaussian_noise, impulse_noise, shot_noise

GREY = torch.full((4, 3, 48, 48), 100, dtype=torch.uint8)


def draws(name: str) -> Draws:
    return Draws.of([f"{number}" for number in range(4)], name, 1, 0)


def test_gaussian_noise_is_normal():
    found = gaussian_noise(GREY, draws("gaussian"), 0.1).double()
    spread = (found + 0.5 - 100) / 25.5
    assert abs(float(spread.mean())) < 0.03
    assert float(spread.std()) == pytest.approx(1, abs=0.02)
    jittered = spread.flatten().numpy() + np.random.default_rng(0).uniform(-0.5, 0.5, spread.numel()) / 25.5
    assert kstest(jittered, norm.cdf).pvalue > 0.01


def test_shot_noise_is_poissons():
    found = shot_noise(GREY, draws("shot"), 12).double().flatten()
    mean = 100 / 255 * 12
    for count in range(12):
        share, chance = float((found == int(count / 12 * 255)).double().mean()), poisson.pmf(count, mean)
        low, high = binom.ppf([1e-4, 1 - 1e-4], found.numel(), chance) / found.numel()
        assert low <= share <= high, count


def test_impulses_are_black_or_white_as_often():
    found = impulse_noise(GREY, draws("impulse"), 0.2)
    for value in (0, 255):
        assert float((found == value).double().mean()) == pytest.approx(0.1, abs=0.01)
    assert float((found == 100).double().mean()) == pytest.approx(0.8, abs=0.015)


def test_channels_images_and_places_are_independent():
    found = gaussian_noise(GREY, draws("gaussian"), 0.1).double()
    rows = (found - found.mean()).flatten(2).flatten(0, 1).numpy()
    assert np.abs(np.corrcoef(rows) - np.eye(len(rows))).max() < 0.1
    assert abs(np.corrcoef(rows[:, :-1].ravel(), rows[:, 1:].ravel())[0, 1]) < 0.03
