"""Logits and masks that losses are tried on, and oracles that are not installed everywhere."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

CLASSES = 4
IGNORE = 9


def sample(n: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Logits (n, 4, 6, 5) and masks: every class occurs, the last one rarely, and some pixels do not count."""
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(n, CLASSES, 6, 5, generator=generator)
    masks = torch.randint(0, CLASSES - 1, (n, 6, 5), generator=generator)
    masks[:, 2, 2] = CLASSES - 1
    masks[:, 0] = IGNORE
    masks[:, 3, 1] = IGNORE
    return logits, masks


def pixels(logits: Tensor, mask: Tensor) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(m, classes) probabilities and (m,) classes of the pixels of one image that count."""
    counts = mask != IGNORE
    return logits.double().softmax(dim=0)[:, counts].T.numpy(), mask[counts].numpy()


def smp_losses() -> object:
    """The losses of segmentation_models_pytorch; where that is not installed, the test is skipped and says so."""
    return pytest.importorskip("segmentation_models_pytorch.losses", reason="segmentation_models_pytorch is a peer")
