"""Orders of pixels are whole, ties fall by chance, moved orders keep their grain, global chance stays as it was."""

import torch
from torch.nn import functional as F

from sightline.explain.quality.ranks import edge_map, moved, ranks


def test_the_highest_goes_first_and_nothing_that_is_no_number_before_the_last():
    maps = torch.tensor([[[0.1, 0.9], [float("nan"), 0.5]], [[4.0, 3.0], [2.0, 1.0]]])
    assert ranks(maps).tolist() == [[[2, 0], [3, 1]], [[0, 1], [2, 3]]]


def test_equal_pixels_are_not_taken_from_the_top():
    found = ranks(torch.zeros(1, 40, 40))[0]
    assert sorted(found.flatten().tolist()) == list(range(1600))
    assert abs(found[:20].float().mean() - found[20:].float().mean()) < 80
    assert not torch.equal(found, ranks(torch.zeros(1, 40, 40), seed=1)[0])


def test_moved_orders_are_the_same_blobs_elsewhere():
    one = torch.zeros(12, 20)
    one[2:5, 3:8] = torch.rand(3, 5) + 1
    state = torch.random.get_rng_state()
    order = ranks(one[None])[0]
    found = moved(order, 50, seed=4)
    assert all(torch.equal(each.flatten().sort().values, torch.arange(240)) for each in found)
    assert not any(torch.equal(each, order) for each in found)
    first = (found < 15).float()[:, None]
    wrapped = F.pad(first, (4, 4, 2, 2), mode="circular")
    assert (F.avg_pool2d(wrapped, (3, 5), stride=1).amax(dim=(1, 2, 3)) > 0.999).all(), "15 pixels of one block"
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(found, moved(order, 50, seed=4))
    assert moved(order, 0).shape == (0, 12, 20)
    assert moved(torch.zeros(1, 1), 2).shape == (2, 1, 1)


def test_edges_are_where_brightness_changes():
    image = torch.zeros(1, 3, 32, 32)
    image[..., 16:] = 1
    found = edge_map(image)[0]
    assert set(found.argmax(dim=1).tolist()) <= {15, 16}
    assert found[:, :8].abs().max() == 0
    assert edge_map(torch.full((2, 3, 8, 8), 0.7)).abs().max() < 1e-6
