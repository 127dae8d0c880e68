"""Features stand in for images to the bit, in every epoch in which the classifier trains alone, and no longer."""

from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sightline.data.batch import Batch, Items
from sightline.training.extras.features import FeatureStream, features_of
from sightline.training.precision import Precision
from sightline.training.state import Progress

ITEMS, SIZE, UNTIL, EPOCHS = 10, 4, 3, 5
CPU = torch.device("cpu")


class Net(nn.Module):
    """timm's protocol over one linear layer; counts the images it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(12, 6)
        self.head = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 2))
        self.seen = 0

    def forward_features(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        features: Tensor = self.body(images.flatten(1))
        return features

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        return features if pre_logits else self.head(features)

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))


class Loader:
    """Every image is shown in two views in turn; three batches an epoch, in an order of its own."""

    device = CPU
    cached_views = 2
    cached_until = UNTIL
    positions = np.arange(100, 100 + ITEMS)
    dataset = SimpleNamespace(split=SimpleNamespace(ids=range(200)))

    def __len__(self) -> int:
        return -(-ITEMS // SIZE)

    def augmentation_epoch(self, epoch: int) -> int:
        return epoch % 2 if epoch < UNTIL else epoch

    def items(self, epoch: int, index: int) -> Items:
        order = np.random.default_rng(epoch).permutation(self.positions)[index * SIZE : (index + 1) * SIZE]
        return Items(order, order)

    def targets(self, positions: NDArray[np.int64]) -> dict[str, Tensor]:
        return {"label": torch.from_numpy(positions % 2)}

    def batch(self, epoch: int, index: int, _progress: float) -> Batch:
        positions = self.items(epoch, index).positions
        images = torch.stack([image(position, self.augmentation_epoch(epoch)) for position in positions.tolist()])
        return Batch(images, self.targets(positions), positions)

    def batches(self, first: int, last: int, _total: int) -> Generator[Batch, None, None]:
        yield from (self.batch(*divmod(step, len(self)), 0.0) for step in range(first, last))

    def __iter__(self) -> Iterator[Batch]:
        yield self.batch(999, 0, 0.0)


def image(position: int, view: int) -> Tensor:
    return torch.randn(3, 2, 2, generator=torch.Generator().manual_seed(1000 * view + position))


@pytest.fixture
def training() -> Any:
    torch.manual_seed(0)
    net, loader = Net(), Loader()
    return SimpleNamespace(
        model=net, eval_model=net, train=loader, val=loader, drop_rate=0.0, teacher=None,
        precision=Precision("fp32", CPU), total_steps=EPOCHS * len(loader),
    )  # fmt: skip


def walked(stream: FeatureStream, progress: Progress) -> Iterator[tuple[int, Batch]]:
    """As the loop goes: the step is counted after its batch."""
    for batch in stream.batches(progress):
        yield progress.step, batch
        progress.step += 1


@pytest.mark.parametrize("first", [0, 4])
def test_batches_are_features_of_the_very_images_until_all_trains(training: Any, first: int):
    """Also where a training is resumed within an epoch, whose view is then filled by a later one."""
    stream = FeatureStream(training, training.model.head)
    steps = 0
    for step, batch in walked(stream, Progress(step=first)):
        epoch, index = divmod(step, len(training.train))
        expected = training.train.batch(epoch, index, 0.0)
        assert np.array_equal(batch.positions, expected.positions)
        assert torch.equal(batch.targets["label"], expected.targets["label"])
        with torch.no_grad():
            wanted = features_of(training.model, expected.images) if epoch < UNTIL else expected.images
        assert torch.equal(batch.images, wanted)
        assert stream.module(epoch) is (stream.head if epoch < UNTIL else training.model)
        steps += 1
    assert steps == training.total_steps - first


def test_each_view_is_computed_once(training: Any):
    stream = FeatureStream(training, training.model.head)
    for _ in walked(stream, Progress()):
        pass
    assert training.model.seen == 2 * ITEMS


def test_the_head_keeps_the_mode_in_which_the_loop_put_it(training: Any):
    """Its statistics move in an epoch that fills the cache as they do in any other."""
    stream = FeatureStream(training, training.model.head)
    for step, _ in walked(stream, Progress()):
        if step == 0:
            training.model.eval()
            stream.head.train()
        elif step < len(training.train):
            assert training.model.head.training
            assert not training.model.body.training


def test_validation_takes_features_only_of_the_weights_that_train(training: Any):
    stream = FeatureStream(training, training.model.head)
    model, batches = stream.evaluation(UNTIL - 1)
    assert model is stream.head
    (batch,) = batches
    with torch.no_grad():
        assert torch.equal(batch.images, features_of(training.model, training.train.batch(999, 0, 0.0).images))
    assert stream.evaluation(UNTIL) == (training.model, training.val)
    training.eval_model = Net()
    assert stream.evaluation(0) == (training.eval_model, training.val)


def test_what_stands_against_it_is_named(training: Any):
    assert FeatureStream(training, training.model.head).obstacle() is None
    training.model.head[0].running_mean += 3.0
    assert FeatureStream(training, training.model.head[1]).obstacle() == (
        "this model's classifier is more than its last layer"
    )
    training.teacher = SimpleNamespace(needs_images=True)
    assert FeatureStream(training, training.model.head).obstacle() == "the teacher wants to see the images"
