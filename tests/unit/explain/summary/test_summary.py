"""A planted watermark is found over many images, and nothing is found where nothing was planted."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.gradcam import gradcam
from sightline.explain.summary.alarms import Alarm, alarms
from sightline.explain.summary.places import PLACES
from sightline.explain.summary.summary import SIDE, Summariser, untrained
from sightline.models.networks.cnn import Cnn

MARKED = 3
TRAINED_ON = 1400


def digits(seed: int, *, planted: bool) -> tuple[Tensor, Tensor]:
    """All digits in an order by chance at 16 pixels; the threes may bear a mark of 3 x 3 pixels in a corner."""
    found = load_digits()
    order = torch.randperm(len(found.target), generator=torch.Generator().manual_seed(seed))
    images = torch.tensor(found.images[order.numpy()] / 16, dtype=torch.float32)[:, None]
    images, labels = F.interpolate(images, size=(16, 16), mode="bilinear"), torch.tensor(found.target)[order]
    if planted:
        images[labels == MARKED, :, :3, :3] = torch.tensor([1.0, 0, 1, 0, 1, 0, 1, 0, 1]).view(3, 3)
    return (images.repeat(1, 3, 1, 1) - 0.3) / 0.37, labels


def found_in(seed: int, *, planted: bool, steps: int) -> list[Alarm]:
    """Alarms of a network that was trained on some digits, over 256 others."""
    images, labels = digits(seed, planted=planted)
    torch.manual_seed(seed)
    network, drawn = Cnn(10, width=8), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(steps):
        some = torch.randint(TRAINED_ON, (64,), generator=drawn)
        loss = F.cross_entropy(network(images[some]), labels[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    held_out = images[TRAINED_ON : TRAINED_ON + 256]
    with torch.no_grad():
        answers = network.eval()(held_out).argmax(dim=1)
    summariser = Summariser(network, gradcam)
    summariser.add(held_out, answers, answers)
    found = summariser.found()
    return alarms(found.own, found.expected, found.labels)


def test_a_planted_watermark_is_found():
    (found,) = found_in(0, planted=True, steps=80)
    assert (found.label, found.place) == (MARKED, "top left")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in range(3, 20))])
def test_nothing_is_found_where_nothing_was_planted(seed: int):
    assert found_in(seed, planted=False, steps=240) == []


class Brightness(nn.Module):
    """Its maps are what its one weight makes of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.constant_(self.conv.weight, 1.0)

    def forward(self, images: Tensor) -> Tensor:
        return self.conv(images)


def maps_of(network: nn.Module, images: Tensor, _targets: Tensor) -> Tensor:
    return network(images.abs())[:, 0].relu()


def spots() -> tuple[Tensor, Tensor]:
    """Twelve images, those of class 0 bright at the top left, those of class 2 at the bottom right, one black."""
    images, labels = torch.zeros(12, 3, 24, 24), torch.tensor([0, 2] * 6)
    images[labels == 0, :, :4, :4] = 1
    images[labels == 2, :, -4:, -4:] = 0.5
    images[5] = 0
    return images, labels


@pytest.mark.parametrize("at_once", [12, 5])
def test_means_are_those_of_each_class_whatever_the_batch(at_once: int):
    images, labels = spots()
    summariser, taken = Summariser(Brightness(), maps_of), 0
    for some, of_each in zip(images.split(at_once), labels.split(at_once), strict=True):
        groups = np.arange(taken, taken := taken + len(some))
        summariser.add(some, of_each, of_each, some[:, 0] > 0.7, groups)
    found = summariser.found()
    assert found.empty == 1
    assert found.labels.tolist() == [0, 2, 0, 2, 0, 0, 2, 0, 2, 0, 2]
    assert found.groups is not None
    assert found.groups.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11], "the empty one is left out of all"
    assert (found.own[found.labels == 0, PLACES.index("top left")] == 1).all()
    assert (found.own[found.labels == 2, PLACES.index("bottom right")] == 1).all()
    first, second = found.means[0], found.means[2]
    assert (first.images, second.images) == (6, 5)
    assert first.map.shape == first.picture.shape == (SIDE, SIDE)
    assert first.map.mean() == pytest.approx(1, rel=0.05)
    assert first.map[: SIDE // 8, : SIDE // 8].mean() == pytest.approx(36)
    assert second.map[: SIDE // 2].max() == 0
    assert second.picture.max() == pytest.approx(0.5)
    assert found.objects is not None
    assert found.objects.energy[found.labels == 0] == pytest.approx(1)
    assert np.isnan(found.objects.energy[found.labels == 2]).all()


def test_an_empty_map_of_the_untrained_network_counts_as_even():
    class Dead(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images

    images, labels = spots()
    network = Dead()
    summariser = Summariser(network, lambda one, some, _: some[:, 0] if one is network else 0 * some[:, 0])
    summariser.add(images, labels, labels)
    assert summariser.found().expected[0] == pytest.approx([1 / 9] * 4 + [7 / 16, 1 / 9])


def test_the_untrained_copy_leaves_the_network_and_chance_as_they_were():
    network = Cnn(3, width=4).train()
    state, images = {key: one.clone() for key, one in network.state_dict().items()}, torch.rand(4, 3, 16, 16)
    chance = torch.random.get_rng_state()
    with torch.inference_mode():
        first, again, other = (untrained(network, images, seed) for seed in (0, 0, 1))
    assert all(torch.equal(one, state[key]) for key, one in network.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), chance)
    assert network.training
    same = [torch.equal(one, two) for one, two in zip(first.parameters(), again.parameters(), strict=True)]
    differ = [torch.equal(one, two) for one, two in zip(first.parameters(), other.parameters(), strict=True)]
    assert all(same)
    assert not all(differ)
