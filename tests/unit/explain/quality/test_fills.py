"""What stands in for removed pixels is as plain as it says."""

import pytest
import torch

from sightline.explain.quality.fills import FILLS, blurred, gaussian, mean_colour


@pytest.mark.parametrize("size", [(32, 32), (9, 50), (2, 2), (1, 1)])
@pytest.mark.parametrize("name", FILLS)
def test_a_fill_has_the_shape_and_the_brightness_of_its_image(size: tuple[int, int], name: str):
    images = torch.full((2, 3, *size), 0.3)
    torch.testing.assert_close(FILLS[name](images), images)


def test_the_mean_is_each_images_own():
    images = torch.rand(2, 3, 5, 7)
    filled = mean_colour(images)
    assert filled.shape == images.shape
    torch.testing.assert_close(filled[1, 2, 4, 6], images[1, 2].mean())


def test_a_blur_keeps_light_and_loses_detail():
    images = torch.zeros(1, 1, 48, 48)
    images[0, 0, 24, 24] = 1
    assert blurred(images).sum() == pytest.approx(1, abs=1e-3)
    assert blurred(images).max() == pytest.approx(1 / (2 * torch.pi * 6**2), rel=0.02), "deviation 6 of 48"
    assert gaussian(images, 0.0).argmax() == images.argmax()
