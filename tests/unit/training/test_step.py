"""One optimiser step, on a small net and batches made here."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from sightline.data.loaders import Batch
from sightline.errors import RunFailedError, UsageError
from sightline.tasks.classification import Classification
from sightline.training.losses import cross_entropy
from sightline.training.precision import choose_precision
from sightline.training.step import train_step

CPU = torch.device("cpu")


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 3))


def made(n: int) -> Batch:
    generator = torch.Generator().manual_seed(n)
    images = torch.randn(n, 3, 2, 2, generator=generator)
    labels = torch.randint(0, 3, (n,), generator=generator)
    return Batch(images, {"label": labels}, np.arange(n))


def step(model: nn.Module, batch: Batch, parts: int = 1, clip: float | None = None, precision: str = "fp32") -> float:
    task = Classification(3, cross_entropy(0.0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss, moved = train_step(
        model, task, batch.parts(parts), optimizer, choose_precision(precision, CPU), clip, task.tally()
    )
    assert moved
    return loss


@pytest.mark.parametrize("parts", [2, 3, 5, 16])
def test_accumulation_is_the_gradient_of_the_whole_batch(parts: int):
    """Also where the parts are unequal: 11 items in 2, 3, 5 or 11 parts (rule 20)."""
    whole, cut = net(), net()
    assert step(whole, made(11)) == pytest.approx(step(cut, made(11), parts), rel=1e-6)
    for one, other in zip(whole.parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_clipping_bounds_the_gradient():
    model = net()
    before = copy.deepcopy(model.state_dict())
    step(model, made(8), clip=1e-3)
    moved = torch.sqrt(sum(((model.state_dict()[key] - before[key]) ** 2).sum() for key in before))  # type: ignore[arg-type]
    assert moved <= 0.1 * 1e-3 * 1.001


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_before_the_update(value: float):
    model = net()
    with torch.no_grad():
        model[3].bias[0] = value
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(RunFailedError, match=r"optimizer\.lr"):
        step(model, made(4))
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[key], rtol=0, atol=0, equal_nan=True)


def test_bf16_trains_near_fp32():
    one, other = net(), net()
    assert step(one, made(32)) == pytest.approx(step(other, made(32), precision="bf16"), rel=0.02)


def test_fp16_needs_a_gpu():
    with pytest.raises(UsageError, match=r"training\.precision=fp16 needs device=cuda"):
        choose_precision("fp16", CPU)


def test_soft_labels_of_one_class_are_hard_labels():
    loss = cross_entropy(0.1)
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    torch.testing.assert_close(loss(logits, labels), loss(logits, nn.functional.one_hot(labels, 3).float()))
