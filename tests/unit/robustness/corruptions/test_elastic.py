"""The elastic transform, beside SciPy's."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, map_coordinates

from sightline.robustness.corruptions import elastic
from sightline.robustness.corruptions.draws import Draws
from tests.unit.robustness.corruptions.test_corrupt import scenes

DRAWS = Draws.of(["a"], "elastic_transform", 3, 0)


def test_shifts_are_read_as_scipy_reads_them():
    images = scenes(28, 35)[:1]
    rows, columns = torch.arange(28).double()[:, None], torch.arange(35).double()
    down, across = (torch.from_numpy(np.random.default_rng(k).normal(0, 6, (1, 28, 35))) for k in range(2))
    for ours, theirs in (("reflect", "reflect"), ("mirror", "mirror")):
        found = elastic._bilinear(images.double(), rows + down, columns + across, ours)
        places = [(rows + down)[0].numpy(), (columns + across)[0].numpy()]
        wanted = map_coordinates(images[0, 2].double().numpy(), places, order=1, mode=theirs)
        assert np.abs(found[0, 2].numpy() - wanted).max() < 1e-6


def test_smooth_shifts_are_a_gaussian_filter_of_uniform_numbers():
    drawn = (DRAWS.bits(28, 35, part="down").double() * 2 + 1 - 2**16) / 2**16
    for sigma in (0.4, 1.9, 12.0):
        wanted = gaussian_filter(drawn[0].numpy(), sigma, mode="reflect", truncate=3)
        assert np.abs(elastic._smooth(DRAWS, 28, 35, sigma, "down")[0].numpy() - wanted).max() < 2e-3


def test_the_affine_map_leads_three_points_back():
    height, width, reach = 64, 64, 5.0
    x, half = 32.0, 21
    still = np.array([[x + half, x + half], [x + half, x - half], [x - half, x - half]])
    moved = still + DRAWS.uniform(6, -reach, reach, "affine").reshape(3, 2)
    for (to_x, to_y), (from_x, from_y) in zip(moved, still, strict=True):
        rows, columns = torch.tensor([[to_y]]), torch.tensor([to_x])
        row, column = elastic._affine(DRAWS, height, width, reach, rows, columns)
        assert np.allclose([float(column), float(row)], [from_x, from_y])
