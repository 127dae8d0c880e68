"""Snow, fog and frost."""

import numpy as np
import pytest
import torch

from sightline.robustness.corruptions.corrupt import corrupt
from sightline.robustness.corruptions.draws import Draws
from sightline.robustness.corruptions.frost import PANES, frost
from sightline.robustness.corruptions.weather import cloud_of
from tests.unit.robustness.corruptions.test_corrupt import IDS, scenes


def test_a_cloud_spans_0_to_1_and_is_rougher_the_less_it_decays():
    draws = Draws.of(IDS, "fog", 1, 0)
    steps = []
    for decay in (3.0, 1.75, 1.1):
        cloud = cloud_of(draws, 20, decay)
        assert cloud.shape == (len(IDS), 32, 32)
        assert torch.equal(cloud.amin(dim=(1, 2)), torch.zeros(len(IDS), dtype=torch.float64))
        assert torch.equal(cloud.amax(dim=(1, 2)), torch.ones(len(IDS), dtype=torch.float64))
        steps.append(float((cloud[:, 1:] - cloud[:, :-1]).abs().mean()))
    assert steps[0] < steps[1] < steps[2]


def test_fog_keeps_the_brightest_value_and_hides_contrast():
    images = scenes()
    found = corrupt(images, IDS, "fog", 5, seed=0, constants="imagenet")
    assert (found.amax(dim=(1, 2, 3)) <= images.amax(dim=(1, 2, 3))).all()


def test_snow_brightens():
    images = scenes()
    for severity in range(1, 6):
        found = corrupt(images, IDS, "snow", severity, seed=0, constants="imagenet")
        assert found.double().mean() > images.double().mean() + 5


def test_panes_have_the_colours_of_the_photographs_and_grains_of_every_size():
    black = torch.zeros(60, 3, 64, 64, dtype=torch.uint8)
    panes = frost(black, Draws.of([f"{k}" for k in range(60)], "frost", 1, 0), 1, 1, 0.6).double()
    means = panes.mean(dim=(2, 3)).numpy()
    tints, own = (one - one.mean(axis=1, keepdims=True) for one in (np.array(PANES)[:, :3], means))
    assert set(np.abs(own[:, None] - tints).max(axis=2).argmin(axis=1)) == {0, 1, 3, 4}, "two photographs are the same"
    assert means.mean() == pytest.approx(np.array(PANES)[:, :3].mean(), abs=12)
    centred = panes[:, 0] - panes[:, 0].mean(dim=(1, 2), keepdim=True)
    alike = [float((centred[:, :, lag:] * centred[:, :, :-lag]).mean() / centred.square().mean()) for lag in (1, 4, 16)]
    assert 0.7 < alike[0] < 0.95
    assert 0.3 < alike[1] < 0.75
    assert 0 < alike[2] < alike[1]
