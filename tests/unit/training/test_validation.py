"""Validation counts every item once, in as few micro-batches as memory allows."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sightline.data.batch import Batch
from sightline.tasks.classification.losses import CrossEntropy
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.training.precision import Precision
from sightline.training.validation import tally_batches

OBJECTIVE = ClassificationObjective(3, CrossEntropy(label_smoothing=0.3))
FP32 = Precision("fp32", torch.device("cpu"))


class Small(nn.Module):
    """Takes no more than four images at once."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(12, 3)
        self.calls: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.calls.append(len(images))
        if len(images) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        logits: Tensor = self.layer(images.flatten(1))
        return logits


def batches() -> list[Batch]:
    generator = torch.Generator().manual_seed(0)
    return [
        Batch(torch.randn(n, 3, 2, 2, generator=generator), {"label": torch.arange(n) % 3}, np.arange(n))
        for n in (8, 8, 3)
    ]


def test_metrics_are_those_of_all_items_by_the_plain_loss():
    model = Small().eval()
    metrics = tally_batches(model, batches(), OBJECTIVE, FP32).metrics()
    images = torch.cat([batch.images for batch in batches()])
    labels = torch.cat([batch.targets["label"] for batch in batches()])
    logits = model.layer(images.flatten(1))
    assert metrics["loss"] == pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-6)
    assert metrics["accuracy"] == pytest.approx((logits.argmax(1) == labels).float().mean().item())


def test_once_memory_ran_out_later_batches_begin_smaller():
    model = Small().eval()
    tally_batches(model, batches(), OBJECTIVE, FP32)
    assert model.calls == [8, 4, 4, 4, 4, 2, 1]
