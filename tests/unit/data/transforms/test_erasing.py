import numpy as np
import pytest
import torch

from sightline.data.randomness import uniform
from sightline.data.transforms.erasing import erase, inside


def counted(n):
    return lambda slots, stream: uniform(0, 0, np.arange(n), slots, stream)


def test_off_draws_nothing_and_returns_what_came():
    images = torch.ones(2, 3, 8, 8)
    assert erase(images, 0.0, counted(2)) is images


@pytest.mark.parametrize("side", [8, 32])
def test_one_rectangle_an_image_with_torchvisions_areas(side):
    erased = erase(torch.ones(1000, 3, side, side), 1.0, counted(1000)) == 0
    assert torch.equal(erased[:, 0], erased[:, 2])
    rows, columns = erased[:, 0].any(2).sum(1), erased[:, 0].any(1).sum(1)
    assert torch.equal(erased[:, 0].sum((1, 2)), rows * columns)
    share = erased.float().mean((1, 2, 3))
    assert (share > 0).float().mean() > 0.99
    assert share.max() < 0.45
    assert share.mean() == pytest.approx(0.175, abs=0.02)
    assert len({image.numpy().tobytes() for image in erased[:, 0]}) > 300


def test_probability_is_that_of_an_image():
    erased = erase(torch.ones(4000, 1, 16, 16), 0.25, counted(4000)) == 0
    assert erased.flatten(1).any(1).float().mean() == pytest.approx(0.25, abs=0.03)


def test_an_image_loses_the_same_rectangle_in_any_batch():
    together = erase(torch.ones(20, 3, 16, 16), 0.5, counted(20))
    for index in range(20):
        alone = erase(torch.ones(1, 3, 16, 16), 0.5, lambda s, t, i=index: uniform(0, 0, np.array([i]), s, t))
        assert torch.equal(alone[0], together[index])


def test_a_box_covers_exactly_its_pixels():
    covered = inside(torch.tensor([[1, 2, 3, 4], [0, 0, 0, 0]]), 6, 7)
    expected = torch.zeros(2, 6, 7, dtype=torch.bool)
    expected[0, 1:4, 2:6] = True
    assert torch.equal(covered, expected)
