"""A small network and what it should answer."""

import numpy as np
import pytest
import torch
from torch import nn

from sightline.config.later_stages import PredictConfig
from sightline.data.preprocessing import Preprocessing
from sightline.inference.export import photos
from sightline.inference.export.photos import Batch, batches
from sightline.inference.export.reference import Reference
from sightline.inference.predictor import Predictor

TEMPERATURE = 1.3
SEEN = Preprocessing(24, (0.4, 0.5, 0.45), (0.25, 0.2, 0.3), "bicubic", 0.875, tuple("abc"))


@pytest.fixture(scope="session")
def network() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 3)
    return nn.Sequential(*layers).eval()


@pytest.fixture(scope="session")
def reference(network: nn.Module) -> Reference:
    limits = PredictConfig(top_k=3, alpha=None, risk=None, max_megabytes=50, max_megapixels=100)
    return Reference(Predictor(network, SEEN, torch.device("cpu")), TEMPERATURE, limits)


@pytest.fixture(scope="session")
def found(reference: Reference) -> list[Batch]:
    """Three images of two shapes as they are, and as photos of other sizes, up to seven at once."""
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (height, 40, 3), dtype=np.uint8) for height in (20, 60, 20)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photos, "SHAPES", ((33, 33), (97, 47), (48, 64)))
        patch.setattr(photos, "BATCHES", (1, 2, 7))
        return list(batches(images, reference))
