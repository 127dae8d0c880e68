"""Batches, the dataset they come from, and the preprocessing they share."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.schema import Config
from sightline.data.dataset import Dataset, list_images
from sightline.data.loaders import EvalLoader, TrainLoader
from sightline.data.preprocessing import Preprocessing, native_side, pixel_statistics
from sightline.data.reduction import Reduction
from sightline.data.sources.source import Source
from sightline.data.splits.assignment import in_one_role, make_split
from sightline.data.splits.split import Split
from sightline.data.store import padding
from sightline.data.store.entries import Entry, channel_sums
from sightline.data.store.factory import open_store
from sightline.data.store.image_store import MemoryStore
from sightline.data.store.index import Index
from sightline.data.targets import ClassTarget
from sightline.data.transforms.transform import TrainTransform
from sightline.errors import LockedSplitError, UsageError

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def config() -> Config:
    return parse.parse(
        compose_config(
            [
                "mode=demo",
                "transforms=aggressive",
                "transforms.horizontal_flip=0.5",
                "limit=203",
                "transforms.mixing.probability=1.0",
            ]
        )
    )


@pytest.fixture(scope="module")
def dataset(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    source = list_images(config)
    store = open_store(source, Reduction(16), tmp_path_factory.mktemp("store"), 0)
    split = make_split(source, store.facts.hashes, config.data)
    return Dataset(split, store, np.arange(len(source), dtype=np.int64))


@pytest.fixture(scope="module")
def preprocessing(dataset: Dataset) -> Preprocessing:
    mean, std = pixel_statistics(dataset.store, dataset.positions("train"))
    return Preprocessing(16, mean, std, "bilinear", 1.0, dataset.split.class_names)


@pytest.fixture
def loader(config: Config, dataset: Dataset, preprocessing: Preprocessing) -> Callable[..., TrainLoader]:
    transform = TrainTransform(
        config.transforms, image_size=16, mean=preprocessing.mean, std=preprocessing.std,
        interpolation="bilinear", crop_fraction=1.0, seed=config.seed,
    )  # fmt: skip
    return lambda size, **more: TrainLoader(
        dataset, transform, config.transforms.mixing, size, config.seed, CPU, torch.channels_last, **more
    )


def test_an_item_that_comes_twice_in_an_epoch_is_augmented_anew(loader: Callable[..., TrainLoader], dataset: Dataset):
    labels = dataset.split.labels.copy()
    train = loader(16, sampler="balanced")
    rare = train.positions[labels[train.positions] == 3][2:]
    fewer = ClassTarget(np.where(np.isin(np.arange(len(labels)), rare), 4, labels), dataset.split.class_names)
    few = replace(train, dataset=replace(dataset, split=replace(dataset.split, targets={"label": fewer})))
    batches = [few.batch(0, index, 0.0) for index in range(len(few))]
    positions = np.concatenate([batch.positions for batch in batches])
    images = torch.cat([batch.images for batch in batches])
    repeated = np.bincount(positions).argmax()
    copies = images[torch.from_numpy(positions == repeated)]
    assert len(copies) > 3
    assert len({image.numpy().tobytes() for image in copies}) == len(copies)


def test_an_epoch_sees_every_item_once_in_batches_of_nearly_equal_size(loader: Callable[..., TrainLoader]):
    train = loader(32)
    batches = [train.batch(0, index, 0.0) for index in range(len(train))]
    seen = np.concatenate([batch.positions for batch in batches])
    assert sorted(seen) == sorted(train.positions)
    sizes = {len(batch) for batch in batches}
    assert max(sizes) <= 32
    assert max(sizes) - min(sizes) <= 1


def test_any_batch_can_be_made_alone(loader: Callable[..., TrainLoader]):
    train = loader(32)
    in_order = [train.batch(3, index, 0.1) for index in range(len(train))]
    alone = loader(32).batch(3, 2, 0.1)
    assert torch.equal(in_order[2].images, alone.images)
    assert torch.equal(in_order[2].targets["label"], alone.targets["label"])
    assert not torch.equal(train.batch(4, 2, 0.1).images, alone.images)


def test_mixing_gives_soft_labels_until_it_stops(loader: Callable[..., TrainLoader]):
    train = loader(64)
    soft, hard = train.batch(0, 0, 0.0).targets["label"], train.batch(0, 0, 1.0).targets["label"]
    torch.testing.assert_close(soft.sum(dim=1), torch.ones(len(soft)))
    assert hard.dtype == torch.int64


def test_two_validation_passes_agree(dataset: Dataset, preprocessing: Preprocessing):
    val = EvalLoader(dataset, "val", preprocessing.transform(), 7, CPU, torch.channels_last)
    first, second = (torch.cat([batch.images for batch in val]) for _ in range(2))
    assert torch.equal(first, second)
    assert len(first) == len(dataset.positions("val"))


def test_some_items_are_taken_evenly_and_all_where_there_are_fewer(dataset: Dataset, preprocessing: Preprocessing):
    val = EvalLoader(dataset, "val", preprocessing.transform(), 7, CPU, torch.channels_last)
    count = len(val.positions)
    some = replace(val, most=count // 3)
    seen = np.concatenate([batch.positions for batch in some])
    assert len(seen) == count // 3
    places = [val.positions.tolist().index(position) for position in seen]
    assert places[0] == 0
    assert set(np.diff(places)) <= {3, 4, 5}
    assert places[-1] >= count - 5
    assert replace(val, most=count + 1).positions.tolist() == val.positions.tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 50])
def test_parts_hold_the_whole_batch(loader: Callable[..., TrainLoader], count: int):
    batch = loader(20).batch(0, 0, 0.0)
    parts = batch.micro_batches(count)
    assert len(parts) == min(count, len(batch))
    assert torch.equal(torch.cat([part.images for part in parts]), batch.images)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_test_split_is_locked(dataset: Dataset):
    with pytest.raises(LockedSplitError):
        dataset.positions("test")
    assert len(replace(dataset, test_unlocked=True).positions("test"))


def test_statistics_are_of_all_pixels(dataset: Dataset):
    rows = dataset.positions("train")
    mean, std = pixel_statistics(dataset.store, rows)
    pixels = dataset.store.batch(rows)[0].double() / 255
    assert mean == pytest.approx(pixels.mean(dim=(0, 2, 3)).tolist(), abs=1e-12)
    assert std == pytest.approx(pixels.std(dim=(0, 2, 3), correction=0).tolist(), abs=1e-12)


def test_statistics_leave_padding_out(tmp_path_factory: pytest.TempPathFactory):
    """Images of several shapes share a batch; what fills it up is no pixel of theirs."""
    from PIL import Image

    folder, rng = tmp_path_factory.mktemp("ragged"), np.random.default_rng(0)
    shapes = [(20, 30), (30, 20), (25, 25)]
    arrays = [rng.integers(0, 256, size=(*shape, 3), dtype=np.uint8) for shape in shapes]
    for number, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{number}.png")
    source = Source.of_classes(
        ids=("0", "1", "2"), labels=np.array([0, 1, 0]), class_names=("a", "b"), roles=(None,) * 3,
        files=tuple(folder / f"{number}.png" for number in range(3)),
    )  # fmt: skip
    mean, std = pixel_statistics(open_store(source, Reduction(), folder / "store", 0), np.arange(3))
    flat = np.concatenate([array.reshape(-1, 3) for array in arrays]) / 255
    assert mean == pytest.approx(flat.mean(axis=0).tolist())
    assert std == pytest.approx(flat.std(axis=0).tolist())
    assert native_side(source) == 20


def test_the_view_of_the_model_can_be_looked_at(preprocessing: Preprocessing, dataset: Dataset):
    images, sizes = dataset.store.batch(dataset.positions("val")[:5])
    seen = preprocessing.to_pixels(preprocessing.transform()(images, sizes))
    assert seen.shape == (5, 16, 16, 3)
    assert seen.dtype == np.uint8
    assert Preprocessing.from_json(preprocessing.to_json()) == preprocessing


def test_changed_or_missing_images_are_refused(config: Config, dataset: Dataset):
    def stored(**changes: object) -> Split:
        return replace(dataset.split, **changes)  # type: ignore[arg-type]

    assert len(Dataset.open(config, dataset.split, Reduction(16)).rows) == len(dataset.split.ids)
    with pytest.raises(UsageError, match="have changed"):
        Dataset.open(config, stored(hashes=("0" * 32, *dataset.split.hashes[1:])), Reduction(16))
    with pytest.raises(UsageError, match="gone of this run: 1 image, "):
        Dataset.open(config, stored(ids=("elsewhere", *dataset.split.ids[1:])), Reduction(16))


def test_batches_of_whole_images_hold_one_shape_each_in_the_order_of_the_split(
    drawn: Source, tmp_path: Path, config: Config
):
    store = open_store(drawn, Reduction(40), tmp_path, 0)
    names = tuple(f"{number}" for number in range(24))
    split = replace(make_split(drawn, store.facts.hashes, config.data), ids=names)
    dataset = Dataset(split, store, np.arange(24, dtype=np.int64), test_unlocked=True)
    seen = Preprocessing(32, (0.5,) * 3, (0.2,) * 3, "bilinear", 1.0, (), fit="whole", shorter=40)
    for size in (1, 4, 100):
        loader = EvalLoader(dataset, "train", seen.transform(), size, CPU, torch.contiguous_format)
        batches = list(loader)
        assert len(batches) == len(loader)
        assert np.array_equal(np.concatenate([batch.positions for batch in batches]), dataset.positions("train"))
        for batch in batches:
            shapes = store.index.shapes[batch.positions]
            assert (shapes == batch.images.shape[2:]).all()
            assert len(batch) <= size


def test_whole_images_of_unlike_shapes_train_apart_and_come_out_in_the_order_of_the_batch(
    config: Config, monkeypatch: pytest.MonkeyPatch
):
    rng, shapes = np.random.default_rng(0), [(20, 160), (24, 24), (160, 20), (30, 40), (20, 170), (40, 30)]
    images = [rng.integers(0, 256, (3, *shape), dtype=np.uint8) for shape in shapes]
    entries = [
        Entry(str(number), width, height, "RGB", height, width, channel_sums(image.reshape(3, -1)), None, 0)
        for number, (image, (height, width)) in enumerate(zip(images, shapes, strict=True))
    ]
    store = MemoryStore(Index.of(entries, 3), np.concatenate([image.reshape(-1) for image in images]))
    source = Source(
        tuple("abcdef"),
        {"label": ClassTarget(np.arange(6) % 2, ("x", "y"))},
        np.zeros(6),
        ("train",) * 6,
        pixels=[image.transpose(1, 2, 0) for image in images],
    )
    dataset = Dataset(in_one_role(source, store.facts.hashes, "train"), store, np.arange(6))
    transform = TrainTransform(
        config.transforms, image_size=16, mean=(0.5,) * 3, std=(0.2,) * 3, interpolation="bilinear", seed=3,
        crop_fraction=1.0, fit="whole", shorter=40,
    )  # fmt: skip
    mixing = config.transforms.mixing
    loader = TrainLoader(dataset, transform, mixing, 6, 3, CPU, torch.contiguous_format)
    read: list[tuple[int, ...]] = []
    stored = store.batch
    monkeypatch.setattr(store, "batch", lambda rows: read.append(store.index.shapes[rows].max(axis=0)) or stored(rows))
    apart = loader.batch(1, 0, 0.5)
    assert len(read) > 1
    assert max(height * width for height, width in read) < 160 * 60, "no panorama was padded to an upright one"
    monkeypatch.setattr(padding, "MOST", 1000)
    together = loader.batch(1, 0, 0.5)
    assert torch.equal(apart.images, together.images)
    assert torch.equal(apart.targets["label"], together.targets["label"])

    seen = Preprocessing(16, (0.5,) * 3, (0.2,) * 3, "bilinear", 1.0, (), fit="whole", shorter=40)
    twins = Dataset(dataset.split, store, np.array([0, 0, 0, 0, 1, 1]))
    batches = EvalLoader(twins, "train", seen.transform(), 4, CPU, torch.contiguous_format)
    assert [len(batch) for batch in batches] == [1, 1, 1, 1, 2], "eight times as long as wide: a quarter of four"
