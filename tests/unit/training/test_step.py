"""One optimiser step, on a small net and batches made here."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sightline.config.adversarial import AdversarialConfig
from sightline.data.batch import Batch
from sightline.errors import RunFailedError
from sightline.tasks.classification.losses import CrossEntropy
from sightline.tasks.classification.objective import ClassificationObjective, ClassificationTally
from sightline.training.adversary import Adversary
from sightline.training.precision import Precision
from sightline.training.step import step_seed, train_step

CPU = torch.device("cpu")


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 3))


def random_batch(n: int) -> Batch:
    generator = torch.Generator().manual_seed(n)
    images = torch.randn(n, 3, 2, 2, generator=generator)
    labels = torch.randint(0, 3, (n,), generator=generator)
    return Batch(images, {"label": labels}, np.arange(n))


def step(
    model: nn.Module, batch: Batch, micro_batches: int = 1, clip: float | None = None, precision: str = "fp32"
) -> float:
    objective = ClassificationObjective(3, CrossEntropy(0.0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    done = train_step(
        model, objective, batch, micro_batches, optimizer, Precision(precision, CPU), clip, objective.tally(), seed=0
    )
    assert done.stepped
    assert done.micro_batches == micro_batches
    return done.loss


@pytest.mark.parametrize("micro_batches", [2, 3, 5, 16])
def test_accumulation_is_the_gradient_of_the_whole_batch(micro_batches: int):
    """Also where they are unequal: 11 items in 2, 3, 5 or 11 micro-batches (rule 20)."""
    whole, cut = net(), net()
    assert step(whole, random_batch(11)) == pytest.approx(step(cut, random_batch(11), micro_batches), rel=1e-6)
    for one, other in zip(whole.parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_clipping_bounds_the_gradient():
    model = net()
    before = copy.deepcopy(model.state_dict())
    step(model, random_batch(8), clip=1e-3)
    moved = torch.sqrt(sum(((model.state_dict()[key] - before[key]) ** 2).sum() for key in before))  # type: ignore[arg-type]
    assert moved <= 0.1 * 1e-3 * 1.001


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_before_the_update(value: float):
    model = net()
    with torch.no_grad():
        model[3].bias[0] = value
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(RunFailedError, match=r"optimizer\.lr"):
        step(model, random_batch(4))
    for key, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, before[key], rtol=0, atol=0, equal_nan=True)


def test_bf16_trains_near_fp32():
    one, other = net(), net()
    assert step(one, random_batch(32)) == pytest.approx(step(other, random_batch(32), precision="bf16"), rel=0.02)


class Small(nn.Module):
    """A net with running statistics and dropout that cannot take more than so many items at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.most = most
        self.calls: list[int] = []
        self.net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(12), nn.Dropout(0.5), nn.Linear(12, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.append(len(x))
        answer: torch.Tensor = self.net(x)
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return answer


def fit(model: Small, micro_batches: int) -> tuple[int, ClassificationTally]:
    objective = ClassificationObjective(3, CrossEntropy(0.0))
    tally = objective.tally()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    done = train_step(
        model, objective, random_batch(16), micro_batches, optimizer, Precision("fp32", CPU), None, tally, seed=1
    )
    return done.micro_batches, tally


def test_out_of_memory_halves_the_micro_batch_and_leaves_no_trace():
    """A step that had to begin again ends, to the bit, where one ends that was cut so from the start."""
    failing, warned = Small(4), Small(100)
    needed, tally = fit(failing, 1)
    assert needed == 4
    assert failing.calls == [16, 8, 4, 4, 4, 4]
    expected, other = fit(warned, 4)
    assert expected == 4
    for key, tensor in failing.state_dict().items():
        assert torch.equal(tensor, warned.state_dict()[key]), key
    assert tally.metrics() == other.metrics()


def test_a_batch_that_fits_in_no_micro_batches_says_what_to_change():
    """Two images at a time are the fewest that batch normalisation can take."""
    model = Small(1)
    with pytest.raises(RunFailedError, match=r"however few images at a time .*; lower training\.batch_size"):
        fit(model, 1)
    assert model.calls == [16, 8, 4, 2]


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    model = Small(100)
    model.net[3] = nn.Linear(5, 3)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        fit(model, 1)


def adversary() -> Adversary:
    content = {"name": "pgd", "norm": "linf", "budget": 20.0, "steps": 3, "step_size": "auto", "clean": 0.0}
    found = Adversary.of(AdversarialConfig.model_validate(content), (0.5,) * 3, (2.0,) * 3, 0, CPU)
    assert found is not None
    return found


def stepped(model: Small, batch: Batch, by: Adversary | None, micro_batches: int = 1) -> float:
    objective = ClassificationObjective(3, CrossEntropy(0.0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return train_step(
        model, objective, batch, micro_batches, optimizer, Precision("fp32", CPU), None, objective.tally(), 5, by
    ).loss


def test_without_an_adversary_a_step_is_that_of_plain_torch_to_the_bit():
    model, other, batch = Small(100), Small(100), random_batch(16)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    loss = stepped(model, batch, None)
    torch.manual_seed(5)
    by_hand = nn.functional.cross_entropy(other(batch.images), batch.targets["label"])
    by_hand.backward()
    optimizer.step()
    assert loss == by_hand.item()
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[key]), key


@pytest.mark.parametrize("micro_batches", [1, 3])
def test_with_an_adversary_it_is_the_step_of_the_images_that_it_changes(micro_batches: int):
    """To the bit: neither dropout nor running statistics know of the attack."""
    model, other = Small(100), Small(100)
    batch, made = random_batch(16), []

    class Watched(Adversary):
        def changed(self, *arguments: Any) -> Batch:
            made.append(super().changed(*arguments))
            return made[-1]

    watched = Watched(**vars(adversary()))
    loss = stepped(model, batch, watched, micro_batches)
    images = torch.cat([part.images for part in made])
    assert not torch.equal(images, batch.images)
    assert loss == stepped(other, replace(batch, images=images), None, micro_batches)
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[key]), key


def test_an_attack_that_runs_out_of_memory_is_cut_too():
    failing, warned, batch = Small(4), Small(100), random_batch(16)
    assert stepped(failing, batch, adversary()) == stepped(warned, batch, adversary(), 4)
    assert failing.calls[:3] == [16, 8, 4]
    for key, tensor in failing.state_dict().items():
        assert torch.equal(tensor, warned.state_dict()[key]), key
    assert failing.training
    assert all(module.training for module in failing.modules())


def test_soft_labels_of_one_class_are_hard_labels():
    loss = CrossEntropy(0.1)
    logits, labels = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
    torch.testing.assert_close(loss(logits, labels), loss(logits, nn.functional.one_hot(labels, 3).float()))


def test_every_step_and_every_process_has_a_seed_of_its_own():
    seeds = {step_seed(seed, step, rank) for seed in range(5) for step in range(50) for rank in range(3)}
    assert len(seeds) == 750
    assert step_seed(1, 2) == step_seed(1, 2, 0)
