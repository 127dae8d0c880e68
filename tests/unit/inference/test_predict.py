"""Predictions of a loader: each item once and in order, whatever batches it came in and how often memory ran out."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sightline.cli import compose_config
from sightline.config import parse
from sightline.data.dataset import Dataset, list_images
from sightline.data.loaders import EvalLoader
from sightline.data.preprocessing import Preprocessing
from sightline.data.reduction import Reduction
from sightline.data.splits.assignment import make_split
from sightline.data.store.factory import open_store
from sightline.data.transforms.test_time import Views
from sightline.inference.collector import OutputsCollector
from sightline.inference.predict import eval_loader, mc_dropout, over_views, predict
from sightline.models.networks.cnn import Cnn
from sightline.models.outputs import by_head, only_tensor
from sightline.tasks.classification.collector import ClassificationCollector

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    config = parse.parse(compose_config(["mode=demo", "limit=203"]))
    source = list_images(config)
    store = open_store(source, Reduction(16), tmp_path_factory.mktemp("store"), 0)
    return Dataset(make_split(source, store.facts.hashes, config.data), store, np.arange(len(source), dtype=np.int64))


@pytest.fixture
def model() -> Cnn:
    torch.manual_seed(0)
    return Cnn(10, width=8, drop_rate=0.5).eval()


def loader(dataset: Dataset, batch_size: int) -> EvalLoader:
    preprocessing = Preprocessing(16, (0.5,) * 3, (0.25,) * 3, "bilinear", 1.0, dataset.split.class_names)
    return eval_loader(dataset, "train", preprocessing, batch_size, CPU)


class Short(nn.Module):
    """A model with too little memory for more than `most` images, that gives two heads."""

    def __init__(self, model: nn.Module, most: int) -> None:
        super().__init__()
        self.model, self.most, self.asked = model, most, list[int]()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        self.asked.append(len(images))
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        logits = self.model(images)
        return {"label": logits, "largest": logits.amax(dim=1)}


def test_items_come_in_the_order_of_the_split_with_what_is_known_of_them(dataset: Dataset, model: Cnn):
    found = predict(model, loader(dataset, 32), ClassificationCollector())
    positions = dataset.positions("train")
    assert found.ids.tolist() == [dataset.split.ids[position] for position in positions]
    np.testing.assert_array_equal(found.labels, dataset.split.labels[positions])
    assert found.logits.dtype == found.embeddings.dtype == np.float32
    with torch.inference_mode():
        logits = torch.cat([model(batch.images) for batch in loader(dataset, 32)])
        embeddings = torch.from_numpy(found.embeddings)
        assert torch.equal(torch.from_numpy(found.logits), logits)
        torch.testing.assert_close(model.head(embeddings), logits, rtol=1e-4, atol=1e-5)


def test_what_runs_out_of_memory_is_asked_again_in_smaller_parts(
    dataset: Dataset, model: Cnn, caplog: pytest.LogCaptureFixture
):
    short = Short(model, most=9)
    found = by_head(predict(short, loader(dataset, 32), OutputsCollector()))
    assert "going on with 8 images at a time" in caplog.text
    assert short.asked[:3] == [32, 16, 8]
    assert max(short.asked[3:]) == 8, "the next batch begins with what went well"
    whole = only_tensor(predict(model, loader(dataset, 32), OutputsCollector()))
    torch.testing.assert_close(found["label"], whole, rtol=1e-4, atol=1e-5)
    assert found["largest"].shape == (len(whole),)


def test_views_are_averaged(dataset: Dataset, model: Cnn):
    found = only_tensor(predict(model, loader(dataset, 32), OutputsCollector(), "flip"))
    with torch.inference_mode():
        images = torch.cat([batch.images for batch in loader(dataset, 32)])
        expected = (model(images) + model(images.flip(3))) / 2
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_dropout_passes_differ_and_can_be_repeated(dataset: Dataset, model: Cnn):
    random = torch.random.get_rng_state()
    passes = [list(mc_dropout(model, loader(dataset, 32), OutputsCollector(), 2, seed=3)) for _ in range(2)]
    first, second = (only_tensor(outputs) for outputs in passes[0])
    assert not torch.equal(first, second)
    assert all(torch.equal(only_tensor(one), only_tensor(other)) for one, other in zip(*passes, strict=True))
    assert not any(module.training for module in model.modules())
    assert torch.equal(torch.random.get_rng_state(), random)


def test_a_pass_that_is_left_leaves_the_model_in_eval_mode(dataset: Dataset, model: Cnn):
    passes = mc_dropout(model, loader(dataset, 32), OutputsCollector(), 5, seed=0)
    next(passes)
    passes.close()
    assert not model.training


class OfPixels(nn.Module):
    """Maps of every pixel and a label, from each pixel alone, or from where it lies as well."""

    def __init__(self, *, equivariant: bool) -> None:
        super().__init__()
        self.equivariant = equivariant

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = torch.stack([images.sum(dim=1), images[:, 0] * images[:, 2]], dim=1)
        if not self.equivariant:
            maps = maps + torch.arange(maps.shape[3])
        return {"mask": maps, "label": maps.mean(dim=(2, 3))}


@pytest.mark.parametrize(("kind", "tolerance"), [("none", 0), ("flip", 0), ("shift", 1e-6), ("flip_shift", 1e-6)])
def test_masks_of_views_are_turned_back_before_they_are_averaged(kind: Views, tolerance: float):
    images = torch.rand(2, 3, 5, 8)
    network = OfPixels(equivariant=True)
    averaged = by_head(over_views(network, images, OutputsCollector(), kind))
    torch.testing.assert_close(averaged["mask"], network(images)["mask"], rtol=0, atol=tolerance)


def test_where_views_are_answered_otherwise_each_pixel_gets_the_mean_of_those_that_show_it():
    images, network = torch.rand(2, 3, 5, 8), OfPixels(equivariant=False)
    alone = OfPixels(equivariant=True)(images)["mask"]
    mirrored = by_head(over_views(network, images, OutputsCollector(), "flip"))
    torch.testing.assert_close(mirrored["mask"], alone + 3.5, rtol=0, atol=1e-5)
    torch.testing.assert_close(mirrored["label"], alone.mean(dim=(2, 3)) + 3.5, rtol=0, atol=1e-5)
    moved = by_head(over_views(network, images, OutputsCollector(), "shift"))["mask"] - alone
    across = torch.arange(8.0)
    torch.testing.assert_close(moved[0, 0, 2, 1:-1], across[1:-1], rtol=0, atol=1e-5)
    # At the left edge the view moved to the left shows nothing: 2/3 of the image itself, 1/3 of a place to the right.
    assert moved[0, 0, 2, 0].item() == pytest.approx(1 / 3, abs=1e-5)
    assert moved[0, 0, 2, 7].item() == pytest.approx(7 - 1 / 3, abs=1e-5)
