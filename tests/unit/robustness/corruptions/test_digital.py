"""Against Pillow and the published formulae, written down once more with NumPy."""

import colorsys

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.robustness.corruptions.corrupt import corrupt
from sightline.robustness.corruptions.digital import pixelate
from sightline.robustness.corruptions.draws import Draws
from tests.unit.robustness.corruptions.test_corrupt import IDS, scenes


@pytest.mark.parametrize("share", [0.95, 0.9, 0.85, 0.75, 0.65, 0.6, 0.4, 0.3, 0.25])
@pytest.mark.parametrize("shape", [(32, 32), (33, 50), (224, 224)])
def test_pixelate_is_pillows_to_the_bit(share: float, shape: tuple[int, int]):
    images = scenes(*shape)[:1]
    picture = Image.fromarray(images[0].permute(1, 2, 0).numpy())
    small = picture.resize((int(shape[1] * share), int(shape[0] * share)), Image.Resampling.BOX)
    wanted = np.asarray(small.resize((shape[1], shape[0]), Image.Resampling.BOX))
    found = pixelate(images, Draws.of(["a"], "pixelate", 1, 0), share)
    assert np.array_equal(found[0].permute(1, 2, 0).numpy(), wanted)


def test_brightness_moves_the_value_alone():
    images = scenes()
    found = corrupt(images, IDS, "brightness", 3, seed=0, constants="imagenet").double() / 255
    for place in ((0, 3, 4), (2, 20, 9), (5, 31, 31)):
        before = colorsys.rgb_to_hsv(*(images[place[0], :, place[1], place[2]].double() / 255).tolist())
        wanted = colorsys.hsv_to_rgb(before[0], before[1], min(1.0, before[2] + 0.3))
        assert found[place[0], :, place[1], place[2]].tolist() == pytest.approx(wanted, abs=1.01 / 255)


def test_contrast_keeps_the_mean_of_each_channel():
    images = scenes()
    found = corrupt(images, IDS, "contrast", 5, seed=0, constants="imagenet").double()
    means = images.double().mean(dim=(2, 3))
    assert torch.allclose(found.mean(dim=(2, 3)), means, atol=1)
    assert (found - means[:, :, None, None]).abs().max() < 0.05 * 255 + 1
