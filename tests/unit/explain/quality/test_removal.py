"""Deletion and insertion are what they must be where the right answer is known, and leave the network alone."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.quality.ranks import ranks
from sightline.explain.quality.removal import Areas, area, passes, removal_areas, removal_curves
from sightline.metrics.intervals.means import bounded_mean
from sightline.models.networks.cnn import Cnn
from sightline.models.outputs import Outputs, only_tensor


class Weighted(nn.Module):
    """Says of an image the share of its weights that lie on pixels of value 1."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = weights / weights.sum()
        self.batches: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.batches.append(len(images))
        return (images[:, 0] * self.weights).sum(dim=(1, 2))


def as_said(outputs: Outputs, _targets: Tensor, _untouched: Outputs) -> Tensor:
    return only_tensor(outputs)


def black(images: Tensor) -> Tensor:
    return torch.zeros_like(images)


WEIGHTS = torch.arange(16.0).view(4, 4)
ONES, TARGET = torch.ones(1, 3, 4, 4), torch.zeros(1, dtype=torch.int64)


def test_a_curve_is_what_is_left_of_the_evidence():
    orders = torch.stack([ranks(WEIGHTS), 15 - ranks(WEIGHTS)])
    found = removal_curves(Weighted(WEIGHTS), ONES, orders, TARGET, as_said, black, steps=4)
    torch.testing.assert_close(found, torch.tensor([[120.0, 66, 28, 6, 0], [120, 114, 92, 54, 0]]) / 120)


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_batches_bound_memory_and_change_nothing(batch_size: int):
    network = Weighted(WEIGHTS)
    orders = torch.stack([ranks(WEIGHTS)] * 4)
    whole = removal_curves(network, ONES, orders, TARGET, as_said, black, steps=5)
    network.batches.clear()
    found = removal_curves(network, ONES, orders, TARGET, as_said, black, steps=5, batch_size=batch_size)
    torch.testing.assert_close(found, whole)
    assert max(network.batches) == min(batch_size, 16)


def test_the_best_order_beats_every_other_and_its_opposite_beats_none():
    settings = {"confidence": as_said, "fills": {"black": black}, "random_maps": 20, "inserted": 20, "steps": 16}
    good = removal_areas(Weighted(WEIGHTS), ONES, WEIGHTS[None], TARGET, **settings)
    bad = removal_areas(Weighted(WEIGHTS), ONES, -WEIGHTS[None], TARGET, **settings)
    assert good.own.shape == good.edge.shape == good.beaten.shape == (1, 1, 2)
    assert good.random.shape == (1, 1, 2, 20)
    assert good.beaten.min() > 0.97
    assert bad.beaten.max() < 0.03
    assert good.over_random.min() > 0.1 > -0.1 > bad.over_random.max()
    assert good.over_edge.min() > 0
    assert good.own[0, 0] == pytest.approx([1 - bad.own[0, 0, 0], 1 - bad.own[0, 0, 1]]), "one is the other backwards"
    assert good.own[0, 0].sum() == pytest.approx(1), "insertion is deletion backwards where evidence adds up"


def test_a_map_that_knows_nothing_is_no_better_than_random():
    """Of 60 images with evidence anywhere, judged by maps of other images."""
    drawn = torch.Generator().manual_seed(0)
    weights = F.avg_pool2d(torch.rand(60, 1, 20, 20, generator=drawn), 5, stride=1)[:, 0]
    found = np.concatenate(
        [
            removal_areas(
                Weighted(own), torch.ones(1, 3, 16, 16), other[None], TARGET, confidence=as_said, fills={"": black}
            ).over_random[:, 0, 0]
            for own, other in zip(weights, weights.roll(1, 0), strict=True)
        ]
    )
    limits = bounded_mean(found, -1, 1, 0.99)
    assert limits.low < 0 < limits.high
    assert limits.high - limits.low < 0.05


def test_areas_are_compared_the_right_way_round():
    own = np.array([[[0.2, 0.9]]])
    random = np.array([[[[0.4, 0.2], [0.8, np.nan]]]])
    areas = Areas(own, own + np.array([0.1, 0.0]), random, np.ones(1), np.zeros((1, 1)))
    assert areas.over_random[0, 0] == pytest.approx([0.1, 0.1])
    assert areas.over_edge[0, 0] == pytest.approx([0.1, 0.0])
    assert areas.beaten[0, 0] == pytest.approx([0.75, 1.0])


def test_an_area_is_the_mean_height():
    assert area(torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])).tolist() == [1.0, 0.25]


def test_the_network_comes_back_as_it_was_and_chance_stays_where_it_was():
    network = Cnn(2, width=4).train()
    images = torch.rand(2, 3, 16, 16)
    state, chance = {key: one.clone() for key, one in network.state_dict().items()}, torch.random.get_rng_state()
    with torch.inference_mode():
        removal_areas(network, images, images.mean(dim=1), torch.tensor([0, 1]), random_maps=2, inserted=1)
    assert network.training
    assert all(weight.requires_grad for weight in network.parameters())
    assert all(torch.equal(one, state[key]) for key, one in network.state_dict().items())
    assert torch.equal(chance, torch.random.get_rng_state())


def test_no_images_have_no_areas():
    nothing = torch.zeros(0, 3, 8, 8)
    found = removal_areas(
        Cnn(2, width=4), nothing, nothing[:, 0], torch.zeros(0, dtype=torch.int64), random_maps=3, inserted=2
    )
    assert found.random.shape == (0, 2, 2, 3)


def test_the_work_is_what_is_said_and_few_random_maps_are_inserted():
    network = Weighted(WEIGHTS)
    found = removal_areas(network, ONES, WEIGHTS[None], TARGET, confidence=as_said, random_maps=7, inserted=2, steps=3)
    assert sum(network.batches) == passes(fills=2, random_maps=7, inserted=2, steps=3)
    assert np.isnan(found.random).sum(axis=(0, 1, 3)).tolist() == [0, 2 * 5]
    assert np.isfinite(found.over_random).all()
    assert np.isfinite(found.beaten).all()
    assert found.whole == pytest.approx([1])
    assert found.left == pytest.approx(np.array([[1, 1]])), "an even image looks the same when blurred"


def test_batches_are_put_one_after_the_other():
    images = torch.rand(3, 3, 4, 4)
    settings = {"confidence": as_said, "random_maps": 1, "inserted": 1}
    parts = [removal_areas(Weighted(WEIGHTS), one[None], WEIGHTS[None], TARGET, **settings) for one in images]
    joined = Areas.joined(parts)
    assert joined.own == pytest.approx(np.concatenate([part.own for part in parts]))
    assert joined.left.shape == (3, 2)
