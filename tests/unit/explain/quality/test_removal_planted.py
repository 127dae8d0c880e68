"""A planted patch decides the class: maps that find it are told from others by all that is measured."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.explain.methods import METHODS
from sightline.explain.quality.randomisation import cascade
from sightline.explain.quality.removal import removal_areas
from sightline.metrics.intervals.means import bounded_mean

SIDE = 16
each = pytest.mark.parametrize("name", ["gradcam", "integrated_gradients"])


class Fine(nn.Module):
    """Convolutions that halve once, a mean, a linear layer: its last maps are fine."""

    def __init__(self) -> None:
        super().__init__()
        layers = [(3, 16, 1), (16, 16, 2), (16, 16, 1)]
        self.body = nn.Sequential(*(part for one in layers for part in self._layer(*one)))
        self.head = nn.Linear(16, 2)

    @staticmethod
    def _layer(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

    def forward_features(self, images: Tensor) -> Tensor:
        return self.body(images)

    def forward_head(self, maps: Tensor) -> Tensor:
        return self.head(maps.mean(dim=(2, 3)))

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))


def planted(count: int, drawn: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Noise with a patch of stripes, upright or lying by class: images, classes, patches (n, H, W)."""
    images, labels = torch.randn(count, 3, 32, 32, generator=drawn) * 0.1, torch.arange(count) % 2
    patches = torch.zeros(count, 32, 32)
    stripes = (torch.arange(SIDE) // 2 % 2).float() * 2 - 1
    for image, label, patch in zip(images, labels, patches, strict=True):
        row, column = (int(torch.randint(33 - SIDE, (1,), generator=drawn)) for _ in range(2))
        place = slice(row, row + SIDE), slice(column, column + SIDE)
        image[:, *place] += stripes[None, :] if label else stripes[:, None]
        patch[place] = 1
    return images, labels, patches


@pytest.fixture(scope="module")
def trained() -> Fine:
    """A network that has learned the planted patches."""
    torch.manual_seed(0)
    drawn = torch.Generator().manual_seed(1)
    network = Fine()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(25):
        images, labels, _ = planted(32, drawn)
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


@pytest.fixture(scope="module")
def some() -> tuple[Tensor, Tensor, Tensor]:
    return planted(16, torch.Generator().manual_seed(2))


@each
def test_the_network_has_learned_it_and_the_map_lies_on_it(
    trained: Fine, some: tuple[Tensor, Tensor, Tensor], name: str
):
    images, labels, patches = some
    with torch.no_grad():
        assert (trained(images).argmax(dim=1) == labels).all()
    maps = METHODS[name](trained, images, labels)
    assert ((maps * patches).sum() / maps.sum()) >= 0.8


@each
def test_it_beats_random_maps_with_an_interval(trained: Fine, some: tuple[Tensor, Tensor, Tensor], name: str):
    images, labels, _ = some
    found = removal_areas(trained, images, METHODS[name](trained, images, labels), labels, random_maps=8)
    for fill in range(2):
        for direction in range(2):
            assert bounded_mean(found.over_random[:, fill, direction], -1, 1, 0.95).low > 0


@each
def test_random_weights_lose_it(trained: Fine, some: tuple[Tensor, Tensor, Tensor], name: str):
    images, labels, _ = some
    found = cascade(
        trained, images, METHODS[name](trained, images, labels), lambda network: METHODS[name](network, images, labels)
    )
    assert bounded_mean(found.at_last, -1, 1, 0.95).high < 0.3
