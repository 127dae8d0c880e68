"""A label and a mask, either of which an image may lack: each loss is what the images that bear it give alone."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sightline.data.batch import Batch
from sightline.data.targets import MISSING
from sightline.tasks.classification.losses import CrossEntropy
from sightline.tasks.classification.objective import ClassificationObjective
from sightline.tasks.multitask.balance import Balance, FixedWeights, LearnedWeights
from sightline.tasks.multitask.objective import MultitaskObjective
from sightline.tasks.objective import Objective
from sightline.tasks.segmentation.objective import SegmentationObjective
from sightline.training.precision import Precision
from sightline.training.step import train_step
from tests.unit.tasks.segmentation.test_objective import CLASSES, IGNORE, LOSS, sample

BALANCES: tuple[Callable[[], Balance], ...] = (
    lambda: FixedWeights({"label": 0.5, "mask": 2.0}),
    lambda: LearnedWeights(("label", "mask")),
)
HAS_LABEL = torch.arange(12) % 2 == 0
HAS_MASK = (torch.arange(12) % 4 == 1) | (torch.arange(12) < 4) | (torch.arange(12) == 10)


class TwoHeads(nn.Module):
    """A label and a mask from one convolution."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.label = nn.Linear(8, 3)
        self.mask = nn.Conv2d(8, CLASSES, 1)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Both."""
        maps = self.stem(images).tanh()
        return {"label": self.label(maps.mean(dim=(2, 3))), "mask": self.mask(maps)}


def parts() -> dict[str, Objective]:
    return {
        "label": ClassificationObjective(3, CrossEntropy(0.1), is_partial=True),
        "mask": SegmentationObjective(CLASSES, IGNORE, LOSS),
    }


def half_labelled() -> Batch:
    """Twelve images: half have a label, half a mask, some both, some neither."""
    _, masks = sample(12)
    masks[~HAS_MASK] = IGNORE
    labels = torch.where(HAS_LABEL, torch.arange(12) % 3, MISSING)
    assert len({*zip(HAS_LABEL.tolist(), HAS_MASK.tolist(), strict=True)}) == 4
    images = torch.randn(12, 3, 6, 5, generator=torch.Generator().manual_seed(1))
    return Batch(images, {"label": labels, "mask": masks.to(torch.uint8)}, np.arange(12))


def leaf(outputs: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone().requires_grad_() for name, tensor in outputs.items()}


@pytest.mark.parametrize("which", ["train_losses", "plain_losses"])
def test_each_loss_is_to_the_bit_that_of_its_own_images_alone(which: str):
    batch = half_labelled()
    outputs = leaf(TwoHeads()(batch.images))
    losses = getattr(MultitaskObjective(parts(), FixedWeights({"label": 1.0, "mask": 1.0})), which)(
        outputs, batch.targets
    )
    for name, known in (("label", HAS_LABEL), ("mask", HAS_MASK)):
        alone = outputs[name].detach()[known].clone().requires_grad_()
        expected = getattr(parts()[name], which)(alone, {name: batch.targets[name][known]})[name]
        assert losses[name].items == expected.items == int(known.sum())
        assert torch.equal(losses[name].mean, expected.mean)
        (gradient,) = torch.autograd.grad(losses[name].mean, outputs[name], retain_graph=True)
        expected.mean.backward()
        assert torch.equal(gradient[known], alone.grad)
        assert not gradient[~known].any()


@pytest.mark.parametrize("balance", BALANCES)
@pytest.mark.parametrize("micro_batches", [2, 5, 12])
def test_micro_batches_add_up_however_labels_and_masks_are_missing(balance: Callable[[], Balance], micro_batches: int):
    found = []
    for count in (1, micro_batches):
        model, objective = TwoHeads(), MultitaskObjective(parts(), balance())
        learned = [] if objective.learned is None else list(objective.learned.parameters())
        trained = [*model.parameters(), *learned]
        optimizer, tally = torch.optim.SGD(trained, lr=0.1), objective.tally()
        precision = Precision("fp32", torch.device("cpu"))
        done = train_step(model, objective, half_labelled(), count, optimizer, precision, 1.0, tally, seed=0)
        found.append((done.loss, tally.metrics(), [parameter.detach() for parameter in trained]))
        assert all(parameter.any() for parameter in learned)
    (loss, metrics, weights), (other_loss, other_metrics, other_weights) = found
    assert loss == pytest.approx(other_loss, rel=1e-6)
    assert metrics == pytest.approx(other_metrics, rel=1e-6)
    torch.testing.assert_close(weights, other_weights, rtol=1e-5, atol=1e-6)


def test_the_metrics_are_those_of_both_and_the_loss_is_their_plain_sum():
    batch, objective = half_labelled(), MultitaskObjective(parts(), FixedWeights({"label": 0.5, "mask": 2.0}))
    outputs = leaf(TwoHeads()(batch.images))
    tally = objective.tally()
    tally.add(outputs, batch.targets, objective.plain_losses(outputs, batch.targets))
    metrics = tally.metrics()
    assert set(metrics) == {
        "loss", "label_loss", "mask_loss", "accuracy", "f1_macro", "mean_iou", "pixel_accuracy",
    }  # fmt: skip
    assert metrics["loss"] == metrics["label_loss"] + metrics["mask_loss"]
    for name, one in parts().items():
        alone = one.tally()
        alone.add(outputs[name], batch.targets, one.plain_losses(outputs[name], batch.targets))
        own = alone.metrics()
        assert own.pop("loss") == metrics[f"{name}_loss"]
        assert own.items() <= metrics.items()


def test_a_tally_can_be_stored_taken_back_and_merged_also_without_any_mask():
    batch, objective = half_labelled(), MultitaskObjective(parts(), FixedWeights({"label": 1.0, "mask": 1.0}))
    batch.targets["mask"] = torch.full_like(batch.targets["mask"], IGNORE)
    outputs = leaf(TwoHeads()(batch.images))
    tally, other = objective.tally(), objective.tally()
    tally.add(outputs, batch.targets, objective.plain_losses(outputs, batch.targets))
    other.load_state_dict(copy.deepcopy(tally.state_dict()))
    assert other.metrics() == tally.metrics()
    assert "mask_loss" not in tally.metrics()
    merged = objective.tally().merged([tally.state_dict(), other.state_dict()])
    assert merged.metrics() == pytest.approx(tally.metrics())
