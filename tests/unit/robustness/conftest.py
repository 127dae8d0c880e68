"""A small network that was trained on digits in a second, and digits that it has not seen."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from sightline.robustness.attacks.items import Items
from sightline.robustness.attacks.pixel_model import PixelModel, from_bytes

MEAN, STD = 0.3, 0.37


def normalise(pixels: Tensor) -> Tensor:
    return pixels.div_(255).sub_(MEAN).div_(STD)


@dataclass(frozen=True)
class Trained:
    """A network in eval mode, and `items` with what it said of them before anyone meddled."""

    network: nn.Module
    items: Items

    @property
    def model(self) -> PixelModel:
        return PixelModel(self.network, normalise)

    def first(self, count: int) -> Items:
        return self.items.at(torch.arange(count))

    def with_labels(self, labels: Tensor) -> Items:
        return replace(self.items, labels=labels)


@pytest.fixture(scope="session")
def trained() -> Trained:
    digits = load_digits()
    pixels = torch.from_numpy(np.rint(digits.images * (255 / 16)).astype(np.uint8))[:, None].repeat(1, 3, 1, 1)
    labels = torch.from_numpy(digits.target).long()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1),
            nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10),
        )  # fmt: skip
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(3):
            for rows in torch.randperm(1400).split(100):
                optimizer.zero_grad()
                F.cross_entropy(network(normalise(pixels[rows].float())), labels[rows]).backward()
                optimizer.step()
    optimizer.zero_grad()
    network.eval()
    held_out = slice(1400, 1600)
    images = from_bytes(pixels[held_out])
    logits = PixelModel(network, normalise).logits(images)
    ids = [f"{number:04d}" for number in range(1400, 1600)]
    return Trained(network, Items(ids, images, labels[held_out], logits, labels[held_out]))
