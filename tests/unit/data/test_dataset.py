"""Whatever the store, a training sees the same batches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.cli import compose_config
from sightline.config import parse
from sightline.config.schema import Config
from sightline.data import dataset as dataset_file
from sightline.data.dataset import Dataset, decode_images, list_images, white_of
from sightline.data.loaders import EvalLoader, TrainLoader
from sightline.data.preprocessing import Preprocessing, pixel_statistics
from sightline.data.reduction import Reduction
from sightline.data.splits.assignment import make_split
from sightline.data.transforms.transform import TrainTransform
from sightline.errors import UsageError

SIDE = 32

MIRRORED = ("transforms=aggressive", "transforms.horizontal_flip=0.5")


def configured(bars: Path, runs: Path, **data: object) -> Config:
    words = [f"data.{key}={value}" for key, value in data.items()]
    return parse.parse(compose_config(["data=folder", f"data.root={bars}", *MIRRORED, f"runs_dir={runs}", *words]))


def batches(config: Config) -> tuple[Preprocessing, list[torch.Tensor]]:
    """Normalisation, two epochs of training batches and one of evaluation."""
    source = list_images(config)
    split = make_split(source, decode_images(source, Reduction(SIDE), config).facts.hashes, config.data)
    dataset = Dataset.open(config, split, Reduction(SIDE))
    mean, std = pixel_statistics(dataset.store, dataset.rows[dataset.positions("train")])
    preprocessing = Preprocessing(SIDE, mean, std, "bilinear", 1.0, split.class_names)
    transform = TrainTransform(
        config.transforms, image_size=SIDE, mean=mean, std=std, interpolation="bilinear", crop_fraction=1.0, seed=3
    )
    cpu, layout = torch.device("cpu"), torch.channels_last
    train = TrainLoader(dataset, transform, config.transforms.mixing, 10, 3, cpu, layout)
    val = EvalLoader(dataset, "val", preprocessing.transform(), 3, cpu, layout)
    seen = [batch.images for batch in train.batches(0, 2 * len(train))] + [batch.images for batch in val]
    return preprocessing, seen


@pytest.fixture(scope="module")
def expected(bars: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Preprocessing, list[torch.Tensor]]:
    return batches(configured(bars, tmp_path_factory.mktemp("runs"), store="memory", workers=0))


@pytest.mark.parametrize(("store", "workers"), [("disk", 0), ("stream", 0), ("stream", 2), ("stream", 4), ("auto", 2)])
def test_store_and_workers_change_no_bit_of_any_batch(
    bars: Path, tmp_path: Path, expected: tuple[Preprocessing, list[torch.Tensor]], store: str, workers: int
):
    preprocessing, seen = batches(configured(bars, tmp_path, store=store, workers=workers))
    assert preprocessing == expected[0]
    assert len(seen) == len(expected[1])
    assert all(torch.equal(one, other) for one, other in zip(seen, expected[1], strict=True))


def test_white_is_what_the_data_need_unless_it_is_given(tmp_path: Path, bars: Path):
    for name in ("a/0", "a/1", "b/0", "b/1"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8), 4000, dtype=np.uint16)).save(tmp_path / f"{name}.png")
    for given, white, grey in (("auto", 4095, 249), (8000, 8000, 128), (65535, 65535, 16)):
        config = configured(tmp_path, tmp_path / "runs", white=given)
        source = list_images(config)
        assert white_of(source, Reduction(SIDE), config) == white
        images, _ = decode_images(source, Reduction(SIDE), config, white).batch(np.arange(4))
        assert images.unique().tolist() == [grey]
    config = configured(bars, tmp_path / "runs")
    assert white_of(list_images(config), Reduction(SIDE), config) == 65535


@pytest.mark.parametrize(
    ("installed", "words"), [(False, "HEIC is read once pillow-heif is installed"), (True, "are not")]
)
def test_photos_that_were_read_when_the_run_was_trained_are_named_with_the_remedy(
    tmp_path: Path, bars: Path, monkeypatch: pytest.MonkeyPatch, installed: bool, words: str
):
    config = configured(bars, tmp_path)
    source = list_images(config)
    split = make_split(source, decode_images(source, Reduction(SIDE), config).facts.hashes, config.data)
    moved = replace(split, ids=("upright/photo.HEIC", *split.ids[1:]))
    monkeypatch.setattr(dataset_file, "reads_heic", lambda: installed)
    with pytest.raises(UsageError, match=rf"gone of this run: 1 image, upright/photo.HEIC first; .*{words}"):
        Dataset.open(config, moved, Reduction(SIDE))
