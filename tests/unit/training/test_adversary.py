"""Images are changed within the budget along the gradient, and nothing else is touched."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from sightline.config.adversarial import AdversarialConfig
from sightline.data.batch import Batch
from sightline.tasks.classification.losses import CrossEntropy
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.tasks.objective import Losses
from sightline.training.adversary import Adversary
from sightline.training.precision import Precision

CPU = torch.device("cpu")
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
BUDGETS = {"linf": 8.0, "l2": 64.0}
FP32 = Precision("fp32", CPU)


class Net(nn.Module):
    """Running statistics, dropout, and a frozen layer; it counts how often it is asked, and may fail."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.frozen = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6))
        self.body = nn.Sequential(nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(6 * 25, 4))
        self.asked: list[bool] = []
        self.fails_at = 0

    def forward(self, images: Tensor) -> Tensor:
        self.asked.append(self.training or any(module.training for module in self.modules()))
        if len(self.asked) == self.fails_at:
            raise RuntimeError("broken")
        logits: Tensor = self.body(self.frozen(images))
        return logits


def net() -> Net:
    """In training mode, with moved statistics and a frozen part."""
    model = Net()
    with torch.no_grad():
        model(batch(32).images)
    model.asked.clear()
    model.frozen.eval().requires_grad_(False)
    return model


def batch(n: int = 9, first: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(1)
    pixels = torch.rand(64, 3, 5, 5, generator=generator).round(decimals=1)[first : first + n]
    labels = torch.randint(0, 4, (64,), generator=generator)[first : first + n]
    images = (pixels - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    return Batch(images, {"label": labels}, np.arange(first, first + n))


def adversary(norm: str = "linf", **more: object) -> Adversary:
    content = {"name": "pgd", "norm": norm, "budget": BUDGETS[norm], "steps": 5, "step_size": "auto", "clean": 0.0}
    found = Adversary.of(AdversarialConfig.model_validate(content | more), MEAN, STD, 3, CPU)
    assert found is not None
    return found


def losses_of(some: Batch) -> Callable[[Tensor], tuple[Losses, Tensor]]:
    objective = ClassificationObjective(4, CrossEntropy(0.1))

    def found(outputs: Tensor) -> tuple[Losses, Tensor]:
        losses = objective.train_losses(outputs, some.targets)
        return losses, objective.total(losses)

    return found


def changed(model: nn.Module, some: Batch, by: Adversary, precision: Precision = FP32) -> Tensor:
    done = by.changed(model, some, losses_of(some), precision)  # type: ignore[arg-type]
    assert done.targets is some.targets
    assert done.positions is some.positions
    return done.images


def pixels_of(images: Tensor) -> Tensor:
    return images.double() * torch.tensor(STD).view(1, 3, 1, 1).double() + torch.tensor(MEAN).view(1, 3, 1, 1).double()


def distances(norm: str, one: Tensor, other: Tensor) -> Tensor:
    change = (pixels_of(one) - pixels_of(other)).flatten(1)
    return change.abs().amax(dim=1) if norm == "linf" else change.norm(dim=1)


@pytest.mark.parametrize("norm", BUDGETS)
@pytest.mark.parametrize("more", [{}, {"steps": 1}, {"step_size": 3.0}, {"step_size": 900.0}, {"budget": 255.0}])
def test_images_stay_in_the_ball_and_the_box_and_use_the_budget(norm: str, more: dict[str, object]):
    some, by = batch(), adversary(norm, **more)
    images = changed(net(), some, by)
    found = distances(norm, images, some.images)
    assert found.max() <= by.ball.radius + 1e-6
    pixels = pixels_of(images)
    assert pixels.min() >= -1e-6
    assert pixels.max() <= 1 + 1e-6
    if not more:
        assert found.min() > 0.5 * by.ball.radius


@pytest.mark.parametrize("norm", BUDGETS)
def test_an_attack_by_hand_ends_at_the_same_images(norm: str):
    """In normalised space, channel by channel, from where the attack starts."""
    some, by, model = batch(), adversary(norm), net()
    start = changed(model, some, adversary(norm, steps=1, step_size=1e-9))
    scale = torch.tensor(STD).view(1, 3, 1, 1)
    low, high = (0 - torch.tensor(MEAN).view(1, 3, 1, 1)) / scale, (1 - torch.tensor(MEAN).view(1, 3, 1, 1)) / scale
    radius, size = by.ball.radius, 2.5 * by.ball.radius / 5
    images, asked = start, copy.deepcopy(model).eval()
    for _ in range(5):
        images = images.clone().requires_grad_()
        F.cross_entropy(asked(images), some.targets["label"], label_smoothing=0.1).backward()
        assert images.grad is not None
        slope = images.grad / scale  # of a pixel
        with torch.no_grad():
            if norm == "linf":
                images = images + size * slope.sign() / scale
                images = torch.clamp(images, some.images - radius / scale, some.images + radius / scale)
            else:
                images = images + size * slope / slope.flatten(1).norm(dim=1).view(-1, 1, 1, 1) / scale
                length = ((images - some.images) * scale).flatten(1).norm(dim=1).view(-1, 1, 1, 1)
                images = some.images + (images - some.images) * (radius / length).clamp(max=1)
            images = images.clamp(low, high)
    torch.testing.assert_close(changed(model, some, by), images, rtol=0, atol=2e-5)


def test_the_loss_of_every_image_is_larger_than_where_it_started():
    some, model = batch(), net()
    start, end = (changed(model, some, adversary(step_size=size)) for size in (1e-9, "auto"))
    asked = copy.deepcopy(model).eval()
    before, after = (F.cross_entropy(asked(images), some.targets["label"], reduction="none") for images in (start, end))
    assert (after > before).all()


@pytest.mark.parametrize("fails_at", [0, 1, 3])
def test_nothing_else_is_touched_also_where_it_fails(fails_at: int):
    model, some = net(), batch()
    for parameter in model.body.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    trained = [parameter.requires_grad for parameter in model.parameters()]
    clean, generator = some.images.clone(), torch.get_rng_state()
    model.fails_at = fails_at
    if fails_at:
        with pytest.raises(RuntimeError, match="broken"):
            changed(model, some, adversary())
    else:
        assert not changed(model, some, adversary()).requires_grad
        assert model.asked == [False] * 5
    assert [module.training for module in model.modules()] == modes
    assert any(modes)
    assert not all(modes)
    assert [parameter.requires_grad for parameter in model.parameters()] == trained
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.frozen.parameters())
    assert all(parameter.grad is not None and (parameter.grad == 1).all() for parameter in model.body.parameters())
    assert torch.equal(some.images, clean)
    assert torch.equal(torch.get_rng_state(), generator)


@pytest.mark.parametrize("norm", BUDGETS)
def test_an_image_is_changed_alike_in_every_batch_of_a_step(norm: str):
    model, by = net(), adversary(norm).at(12)
    whole = changed(model, batch(9), by)
    parts = torch.cat([changed(model, part, by) for part in batch(9).micro_batches(4)])
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-5)
    torch.testing.assert_close(changed(model, batch(3, first=5), by), whole[5:8], rtol=0, atol=1e-5)


def test_starts_differ_from_step_to_step_and_by_seed():
    model, still = net(), adversary(step_size=1e-9)
    starts = [changed(model, batch(), by) for by in (still, still.at(1), replace(still, seed=4))]
    assert torch.equal(starts[0], changed(model, batch(), still.at(0)))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (starts[one] == starts[other]).float().mean() < 0.1


def test_some_images_stay_to_the_bit_and_the_others_are_as_without():
    model, some = net(), batch(40)
    every, most = (changed(model, some, adversary(clean=share)) for share in (0.0, 0.3))
    stays = (most == some.images).flatten(1).all(dim=1)
    assert 4 < stays.sum() < 20
    assert torch.equal(most[~stays], every[~stays])
    others = (changed(model, some, adversary(clean=0.3).at(1)) == some.images).flatten(1).all(dim=1)
    assert not torch.equal(others, stays)


def test_mixed_labels_are_climbed_as_they_are():
    some = batch()
    own = F.one_hot(some.targets["label"], 4).float()
    model = net()
    hard, soft, mixed = (
        changed(model, replace(some, targets={"label": label}), adversary("l2"))
        for label in (some.targets["label"], own, 0.5 * own + 0.5 * own.roll(1, 0))
    )
    torch.testing.assert_close(soft, hard, rtol=0, atol=1e-5)
    assert not torch.allclose(mixed, hard, atol=1e-3)


def test_gradients_that_overflow_leave_images_that_are_numbers():
    some, model = batch(), net()
    for factor in (torch.inf, torch.nan):

        def broken(outputs: Tensor, by: float = factor) -> tuple[Losses, Tensor]:
            return {}, losses_of(some)(outputs)[1] * by

        for norm in BUDGETS:
            by = adversary(norm)
            images = by.changed(model, some, broken, FP32).images  # type: ignore[arg-type]
            assert images.isfinite().all()
            assert distances(norm, images, some.images).max() <= by.ball.radius + 1e-6


class Steep(nn.Module):
    """A slope that a float32 holds for normalised images, but not for pixels."""

    def forward(self, images: Tensor) -> Tensor:
        return images * 3e38


@pytest.mark.parametrize("norm", BUDGETS)
def test_gradients_beyond_the_largest_number_still_point_somewhere(norm: str):
    some, by = batch(), adversary(norm, steps=1)
    images = by.changed(Steep(), some, lambda outputs: ({}, outputs.sum()), FP32).images  # type: ignore[union-attr]
    assert images.isfinite().all()
    assert (distances(norm, images, some.images) > 0.5 * by.ball.radius).all()


def test_bf16_stays_in_the_ball():
    some, by = batch(), adversary("l2")
    images = changed(net(), some, by, Precision("bf16", CPU))
    assert images.dtype == torch.float32
    assert distances("l2", images, some.images).max() <= by.ball.radius + 1e-6


def test_the_order_of_memory_stays():
    some = batch()
    last = replace(some, images=some.images.contiguous(memory_format=torch.channels_last))
    for one in (adversary(), adversary(clean=0.5)):
        assert changed(net(), last, one).is_contiguous(memory_format=torch.channels_last)


@pytest.fixture
def alone() -> Iterator[None]:
    """A group of one process."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_processes_exchange_nothing_for_images(monkeypatch: pytest.MonkeyPatch):
    plain, wrapped = net(), DistributedDataParallel(net())
    with monkeypatch.context() as patch:
        patch.setattr(DistributedDataParallel, "forward", None)
        assert torch.equal(changed(wrapped, batch(), adversary()), changed(plain, batch(), adversary()))
    torch.manual_seed(0)
    losses_of(batch())(wrapped(batch().images))[1].backward()
    torch.manual_seed(0)
    losses_of(batch())(plain(batch().images))[1].backward()
    for one, other in zip(plain.parameters(), wrapped.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        assert one.grad is None or torch.allclose(one.grad, other.grad)


def test_it_says_what_it_costs():
    assert adversary().words.startswith("within 8/255 (linf), 5 steps of 4/255: 6 passes forward and back for each up")
    assert adversary(steps=1, step_size=10.0).words.startswith("within 8/255 (linf), 1 step of 10/255: 2 passes")


def test_none_is_none():
    content = {"name": "none", "norm": "linf", "budget": 8.0, "steps": 5, "step_size": "auto", "clean": 0.0}
    assert Adversary.of(AdversarialConfig.model_validate(content), MEAN, STD, 0, CPU) is None
