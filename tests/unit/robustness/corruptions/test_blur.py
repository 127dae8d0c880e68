"""Blurs, beside SciPy and a plain loop over pixels."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve, gaussian_filter, zoom

from sightline.robustness.corruptions import blur
from sightline.robustness.corruptions.draws import Draws
from sightline.robustness.corruptions.linear import blurred, folded, zoomed
from tests.unit.robustness.corruptions.test_corrupt import scenes


def test_a_gaussian_blur_is_scipys():
    images = scenes(24, 31)[:2]
    for sigma in (0.05, 0.4, 1.0, 1.5):
        wanted = gaussian_filter(images.double().numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=4.0)
        assert np.abs(blurred(images, sigma).numpy() - wanted).max() < 0.05


@pytest.mark.parametrize("factor", [1.0, 1.01, 1.1, 1.31, 1.75, 4.5])
def test_a_zoom_is_the_published_one(factor: float):
    images = scenes(33, 33)[:1].double()
    inner = math.ceil(33 / factor)
    first = (33 - inner) // 2
    large = zoom(images[0, 0, first : first + inner, first : first + inner].numpy(), factor, order=1)
    trim = (len(large) - 33) // 2
    assert np.abs(zoomed(images, factor)[0, 0].numpy() - large[trim : trim + 33, trim : trim + 33]).max() < 0.05


def test_out_of_focus_is_a_disk_mirrored_at_the_edge():
    images = scenes(30, 41)[:1]
    kernel = blur._disk(3, 0.1).double().numpy() / blur.DISK
    found = blur.defocus_blur(images, Draws.of(["a"], "defocus_blur", 1, 0), 3, 0.1)
    wanted = convolve(images[0, 1].double().numpy(), kernel, mode="mirror")
    assert np.abs(found[0, 1].double().numpy() + 0.5 - wanted).max() < 0.51
    assert (kernel > 0).sum() == 29, "pixels whose centre is at most 3 away"


def test_motion_goes_along_the_angle():
    point = torch.zeros(1, 1, 41, 41, dtype=torch.uint8)
    point[0, 0, 20, 20] = 255
    for angle, away, length in ((0, (0, -1), 17), (-90, (1, 0), 17), (45, (-1, -1), 12)):
        found = blur.smeared(point, np.array([float(angle)]), 8, 6)[0, 0]
        rows, columns = np.nonzero(found.numpy())
        assert {*zip((rows - 20).tolist(), (columns - 20).tolist(), strict=True)} == {
            (step * away[0], step * away[1]) for step in range(length)
        }
        assert int(found.sum()) == pytest.approx(255, abs=9)


def test_glass_follows_the_loop_over_pixels():
    height, width, reach = 13, 11, 2
    draws = Draws.of(["a", "b"], "glass_blur", 3, 0)
    found = blur._ends(draws, height, width, reach, 0)
    steps = ((draws.bits(2, height, width, part="visit 0") * (2 * reach)) >> 16) - reach
    for image in range(2):
        held = np.arange(height * width).reshape(height, width)
        for row in range(height - reach, reach, -1):
            for column in range(width - reach, reach, -1):
                down, across = steps[image, :, row, column].tolist()
                held[row, column] = held[row + down, column + across]
        assert np.array_equal(found[image].numpy(), held.ravel())
    assert int(steps.min()) == -reach
    assert int(steps.max()) == reach - 1


def test_places_beyond_the_edge_are_scipys():
    line, places = np.arange(5), np.arange(-13, 18)
    for edge in ("nearest", "reflect", "mirror"):
        pad = {"nearest": "edge", "reflect": "symmetric", "mirror": "reflect"}[edge]
        wanted = np.pad(line, (13, 13), mode=pad)
        assert np.array_equal(folded(places, 5, edge), wanted), edge
