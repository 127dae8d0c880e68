"""From the rows of the stores to batches: what is known of an item travels with its image, whatever is done to it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sightline.cli import configure
from sightline.config.model import CnnModel
from sightline.config.schema import Config
from sightline.data import dataset as dataset_file
from sightline.data.batch import Batch
from sightline.data.dataset import Dataset, decode_images, decode_masks
from sightline.data.loaders import EvalLoader, TrainLoader
from sightline.data.reduction import Reduction
from sightline.data.sources.source import Source
from sightline.data.sources.wanted import with_targets
from sightline.data.splits.assignment import make_split
from sightline.data.splits.split import Split
from sightline.data.targets import LABEL, ClassTarget
from sightline.data.transforms.evaluation import EvalTransform
from sightline.data.transforms.policies import apply
from sightline.data.transforms.transform import TrainTransform
from sightline.errors import UsageError

CPU, SIDE, IGNORE = torch.device("cpu"), 32, 255
MEAN, STD = (0.55, 0.55, 0.55), (0.25, 0.25, 0.25)
STORED = 36
PLAIN = ("transforms.mixing.probability=0", "transforms.erasing=0", "transforms.colour.brightness=0",
         "transforms.colour.contrast=0", "transforms.colour.saturation=0", "transforms.colour.hue=0")  # fmt: skip
"""Without what would hide the class that a pixel tells."""
FLIPS = "transforms.horizontal_flip=0.5"
"""Which is else decided by the data, before a training."""
EVERYTHING = ("transforms=trivialaugment", "transforms.crop.name=resized", "transforms.affine.rotation=30",
              "transforms.affine.translate=0.2", "transforms.affine.shear=15", "transforms.vertical_flip=0.5",
              "transforms.flip_alternates=true")  # fmt: skip
STRATEGIES = {name: (f"transforms={name}",) for name in ("none", "standard", "aggressive", "randaugment")}
STRATEGIES |= {"everything": EVERYTHING}
Measure = Callable[[Tensor, Tensor, float], tuple[float, float]]


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Config]:
    whole = ("data.test_fraction=0", "data.calibration_fraction=0")
    return lambda *words: configure("data=digits", f"runs_dir={tmp_path}", *whole, *PLAIN, FLIPS, *words)


def opened(source: Source, config: Config) -> Dataset:
    """The whole source as a data set."""
    images = decode_images(source, Reduction(STORED), config)
    masks = decode_masks(source, images, config)
    rows = np.arange(len(source))
    hashes = () if masks is None else masks.hashes(rows)
    return Dataset(make_split(source, images.facts.hashes, config.data, hashes), images, rows, masks=masks)


def train_loader(dataset: Dataset, config: Config, size: int = 7, **more: object) -> TrainLoader:
    transform = TrainTransform(
        config.transforms, image_size=SIDE, mean=MEAN, std=STD, interpolation="bilinear", seed=3, crop_fraction=0.9
    )
    return TrainLoader(dataset, transform, config.transforms.mixing, size, 3, CPU, torch.channels_last, **more)  # type: ignore[arg-type]


def eval_loader(dataset: Dataset, **more: int) -> EvalLoader:
    transform = EvalTransform(image_size=SIDE, crop_fraction=0.9, mean=MEAN, std=STD, interpolation="bilinear")
    return EvalLoader(dataset, "val", transform, 4, CPU, torch.channels_last, **more)


def epoch_of(loader: TrainLoader, epoch: int) -> list[Batch]:
    return [loader.batch(epoch, index, 0.0) for index in range(len(loader))]


def grey(images: Tensor) -> Tensor:
    return (images[:, 0] * STD[0] + MEAN[0]) * 255


def by_position(batches: list[Batch]) -> dict[int, tuple[bytes, bytes, int]]:
    """Image, mask and label of each item."""
    return {
        int(position): (image.numpy().tobytes(), mask.numpy().tobytes(), int(label))
        for batch in batches
        for position, image, mask, label in zip(
            batch.positions, batch.images, batch.targets["mask"], batch.targets["label"], strict=True
        )
    }


@pytest.mark.parametrize("name", STRATEGIES)
def test_masks_stay_on_their_images(
    drawn: Source, configured: Callable[..., Config], disagreement: Measure, monkeypatch: pytest.MonkeyPatch, name: str
):
    # Policies change colours too, which here would hide the class.
    monkeypatch.setattr(apply, "apply_operations", lambda pixels, _: pixels)
    config = configured(*STRATEGIES[name])
    dataset = opened(drawn, config)
    has_mask = [path is not None for path in drawn.masks.values] if drawn.masks else []
    seen = []
    for batch in (batch for epoch in range(4) for batch in epoch_of(train_loader(dataset, config), epoch)):
        masks, present = batch.targets["mask"], torch.tensor([has_mask[position] for position in batch.positions])
        assert (masks.dtype, masks.shape) == (torch.uint8, (len(batch), SIDE, SIDE))
        assert set(masks[present].unique().tolist()) <= {0, 2, 4, IGNORE}
        assert (masks[~present] == IGNORE).all()
        seen.append((grey(batch.images)[present], masks[present]))
    images, labels = torch.cat([image for image, _ in seen]), torch.cat([mask for _, mask in seen])
    wrong, inner = disagreement(images, labels, 255 * MEAN[0])
    assert wrong < 0.01
    assert inner > 0.3
    # The measure sees a shift by three pixels, and a mirror image.
    assert disagreement(images, labels.roll(3, dims=2), 255 * MEAN[0])[0] > 0.03
    assert disagreement(images, labels.flip(2), 255 * MEAN[0])[0] > 0.2
    assert bool((labels == IGNORE).any()) == (name in {"aggressive", "randaugment", "everything"})


def test_masks_stay_on_their_images_in_evaluation(
    drawn: Source, configured: Callable[..., Config], disagreement: Measure
):
    config = configured("transforms=none")
    dataset = opened(drawn, config)
    batches = list(eval_loader(dataset))
    assert [len(batch) for batch in batches] == [4, 2]
    masks = torch.cat([batch.targets["mask"] for batch in batches])
    present = torch.tensor([number % 4 != 3 for number in range(18, 24)])
    assert (masks[~present] == IGNORE).all()
    images = grey(torch.cat([batch.images for batch in batches]))
    wrong, inner = disagreement(images[present], masks[present], 0.0)
    assert wrong < 0.01
    assert inner > 0.4
    labels = torch.cat([batch.targets["label"] for batch in batches])
    assert labels.tolist() == dataset.split.labels[18:].tolist()
    assert -1 in labels


def test_a_missing_label_stays_missing(drawn: Source, configured: Callable[..., Config]):
    config = configured("transforms=standard")
    dataset = opened(drawn, config)
    for batch in epoch_of(train_loader(dataset, config), 0):
        assert batch.targets["label"].tolist() == dataset.split.labels[batch.positions].tolist()
    assert (dataset.split.labels == -1).sum() == 8


@pytest.mark.parametrize(("store", "workers"), [("disk", 0), ("stream", 0), ("stream", 2), ("auto", 2)])
def test_wherever_masks_are_kept_they_are_the_same(
    drawn: Source, configured: Callable[..., Config], store: str, workers: int
):
    batches = []
    for words in (("data.store=memory", "data.workers=0"), (f"data.store={store}", f"data.workers={workers}")):
        config = configured(*EVERYTHING, *words)
        dataset = opened(drawn, config)
        loader = train_loader(dataset, config)
        batches.append([*loader.batches(0, 2 * len(loader)), *eval_loader(dataset)])
    for one, other in zip(*batches, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.targets["mask"], other.targets["mask"])


def test_neither_batch_size_nor_order_nor_processes_change_an_item(drawn: Source, configured: Callable[..., Config]):
    config = configured(*EVERYTHING)
    dataset = opened(drawn, config)
    expected = by_position(epoch_of(train_loader(dataset, config), 1))
    assert sorted(expected) == list(range(18))
    assert by_position(epoch_of(train_loader(dataset, config, size=5), 1)) == expected
    assert by_position([train_loader(dataset, config).batch(1, index, 0.0) for index in (2, 0, 1)]) == expected
    shares = [epoch_of(train_loader(dataset, config, rank=rank, processes=3), 1) for rank in range(3)]
    assert by_position([batch for share in shares for batch in share]) == expected
    assert sum(len(batch) for share in shares for batch in share) == 18
    whole = by_position(list(eval_loader(dataset)))
    halves = [batch for rank in range(2) for batch in eval_loader(dataset, rank=rank, processes=2)]
    assert by_position(halves) == whole


def test_images_are_what_they_are_without_masks(drawn: Source, configured: Callable[..., Config]):
    config = configured(*EVERYTHING)
    bare = replace(drawn, targets={LABEL: drawn.targets[LABEL]})
    with_masks, without = (train_loader(opened(source, config), config).batch(0, 1, 0.0) for source in (drawn, bare))
    assert torch.equal(with_masks.images, without.images)
    assert set(without.targets) == {"label"}
    parts = with_masks.micro_batches(3)
    assert torch.equal(torch.cat([part.targets["mask"] for part in parts]), with_masks.targets["mask"])


def test_what_masks_and_missing_labels_rule_out_is_refused(drawn: Source, configured: Callable[..., Config]):
    config = configured("transforms=aggressive")
    dataset = opened(drawn, config)
    train_loader(dataset, config)
    mixing = configured("transforms=aggressive", "transforms.mixing.probability=0.5")
    with pytest.raises(UsageError, match=r"cannot mix masks: set transforms.mixing.probability=0"):
        train_loader(dataset, mixing)
    unlabelled = replace(dataset, masks=None)
    with pytest.raises(UsageError, match=r"need one known class for each image: set transforms.mixing.probability=0"):
        train_loader(unlabelled, mixing)
    with pytest.raises(UsageError, match=r"imbalance.sampler=balanced needs one known class"):
        train_loader(unlabelled, config, sampler="balanced")
    known = ClassTarget(np.arange(24) % 2, ("even", "odd"))
    train_loader(
        replace(unlabelled, split=replace(dataset.split, targets={"label": known})), mixing, sampler="balanced"
    )


def test_a_changed_mask_is_noticed(
    drawn: Source, configured: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    config = configured("transforms=none")
    drawn = with_targets(drawn, (LABEL, "mask"), "cnn", "digits")  # those that lack both are no part of a run
    split = Split.from_json(opened(drawn, config).split.to_json())
    monkeypatch.setattr(dataset_file, "find", lambda _: drawn)
    monkeypatch.setattr(CnnModel, "targets", (LABEL, "mask"))
    assert Dataset.open(config, split, Reduction(STORED)).masks is not None
    files = drawn.masks.values if drawn.masks else ()
    ids = np.asarray(Image.open(str(files[2]))).copy()
    ids[0, 0] = 4 - ids[0, 0]
    Image.fromarray(ids).save(tmp_path / "changed.png")
    assert drawn.masks
    other = replace(drawn.masks, values=(*files[:2], tmp_path / "changed.png", *files[3:]))
    monkeypatch.setattr(dataset_file, "find", lambda _: replace(drawn, targets={**drawn.targets, "mask": other}))
    with pytest.raises(UsageError, match=r"1 masks of this run have changed, 02.png first"):
        Dataset.open(config, split, Reduction(STORED))
    monkeypatch.setattr(dataset_file, "find", lambda _: replace(drawn, targets={LABEL: drawn.targets[LABEL]}))
    with pytest.raises(UsageError, match="learns masks, and data=digits has none"):
        Dataset.open(config, split, Reduction(STORED))
