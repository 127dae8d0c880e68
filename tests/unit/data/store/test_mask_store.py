from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.data.reduction import Reduction
from sightline.data.sources.source import Source
from sightline.data.store import decode_files
from sightline.data.store.decode import content_hash
from sightline.data.store.factory import open_masks, open_store
from sightline.data.store.image_store import DiskStore, MemoryStore
from sightline.data.store.stream import StreamStore
from sightline.data.targets import LABEL, ClassTarget, MaskCodes, MaskTarget
from sightline.errors import RunFailedError

SIZES = [(20, 31), (31, 20), (9, 9), (40, 40), (12, 50)]


@pytest.fixture
def source(tmp_path):
    """Five images of odd sizes with grey masks, of which the third is missing; the fourth image is broken."""
    rng = np.random.default_rng(0)
    files, masks = [], []
    for number, (height, width) in enumerate(SIZES):
        files.append(tmp_path / f"{number}.png")
        masks.append(tmp_path / f"{number}-mask.png")
        Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(files[-1])
        Image.fromarray(rng.integers(0, 12, (height, width)).astype(np.uint8)).save(masks[-1])
    masks[2] = None
    files[3].write_bytes(b"no image")
    target = MaskTarget(tuple(masks), tuple("abcdefghijkl"), 11)
    return Source(
        ids=tuple(path.name for path in files),
        targets={"road": target},
        strata=np.zeros(5, dtype=np.int64),
        roles=(None,) * 5,
        files=tuple(files),
    )


def opened(source, cache, kind="auto", side=None, workers=0):
    images = open_store(source, Reduction(side), cache, workers, kind=kind)
    return images, open_masks(source, images, cache, workers, kind=kind)


@pytest.mark.parametrize("kind", ["memory", "disk", "stream"])
def test_masks_come_by_the_rows_of_their_images(source, tmp_path, kind):
    images, masks = opened(source, tmp_path / "cache", kind)
    assert (masks.name, masks.ignore_index, masks.store.channels, images.channels) == ("road", 11, 1, 3)
    assert type(masks.store) is {"memory": MemoryStore, "disk": DiskStore, "stream": StreamStore}[kind]
    assert masks.is_io_bound == (kind != "memory")
    for rows in ([0, 1], [4, 2, 0], [2], [3, 1], [1], []):
        shape = images.batch(np.array(rows, dtype=np.int64))[0].shape[2:]
        batch = masks.batch(np.array(rows, dtype=np.int64), *shape)
        assert (batch.dtype, batch.shape) == (torch.uint8, (len(rows), *shape))
        for row, mask in zip(rows, batch, strict=True):
            height, width = images.index.shapes[row].tolist()
            if row in {2, 3}:
                assert (mask == 11).all()
                continue
            expected = np.asarray(Image.open(source.masks.values[row]))
            left = (expected.shape[1] - width) // 2
            assert np.array_equal(mask[:height, :width], expected[:, left : left + width])


def test_hashes_are_of_the_mask_files(source, tmp_path):
    _, masks = opened(source, tmp_path / "cache")
    expected = [path and content_hash(path.read_bytes()) for path in source.masks.values]
    assert masks.hashes(np.array([4, 2, 0])) == (expected[4], None, expected[0])
    assert masks.hashes(np.array([3])) == (None,)


def test_no_target_of_masks_is_no_store(source, tmp_path):
    bare = Source.of_classes(source.ids, np.zeros(5, dtype=np.int64), ("a", "b"), source.roles, files=source.files)
    images = open_store(bare, Reduction(), tmp_path / "cache", 0)
    assert open_masks(bare, images, tmp_path / "cache", 0) is None


def test_images_without_files_have_masks_too(source, tmp_path):
    rows = np.array([0])
    pixels = np.zeros((1, 20, 31, 3), dtype=np.uint8)
    target = source.masks.take(rows)
    labels = ClassTarget(np.zeros(1, dtype=np.int64), ("a",))
    whole = Source(("0",), {LABEL: labels, "road": target}, np.zeros(1, dtype=np.int64), (None,), pixels=pixels)
    _, masks = opened(whole, tmp_path / "cache")
    assert np.array_equal(masks.batch(rows, 20, 31)[0], Image.open(target.values[0]))


@pytest.mark.parametrize(
    ("mask", "why"),
    [
        (Image.new("RGB", (31, 20), (1, 2, 3)), "a mask of mode RGB: it takes one class id a pixel"),
        (Image.new("L", (30, 20)), "a mask of 30 x 20 pixels, but its image has 31 x 20"),
        (Image.new("L", (31, 20), 99), "the number 99 in 620 pixels is of no class"),
    ],
)
@pytest.mark.parametrize("kind", ["memory", "stream"])
def test_masks_that_cannot_be_used_are_errors_of_their_images(source, tmp_path, mask, why, kind):
    mask.save(source.masks.values[0])
    source.masks.values[4].write_bytes(b"")
    _, masks = opened(source, tmp_path / "cache", kind)
    assert list(masks.errors) == [0, 4]
    assert masks.errors[0].startswith(why)
    assert masks.errors[4] == "the file is empty"
    assert masks.hashes(np.array([0, 1, 4]))[::2] == (None, None)
    batch = masks.batch(np.array([0, 1]), 31, 31)
    assert (batch[0] == 11).all()
    assert not (batch[1] == 11).all()
    source.masks.values[0].unlink()
    assert opened(source, tmp_path / "cache", kind)[1].errors[0] == "No such file or directory"


def test_pixels_are_counted_by_class(source, tmp_path):
    _, masks = opened(source, tmp_path / "cache")
    counts = masks.pixel_counts(11)
    assert counts.shape == (5, 12)
    assert counts[[2, 3]].sum() == 0
    ids = np.asarray(Image.open(source.masks.values[1]))
    assert counts[1].tolist() == np.bincount(ids.ravel(), minlength=12).tolist()


def test_what_stands_for_a_class_makes_another_store(source, tmp_path):
    cache = tmp_path / "cache"
    opened(source, cache)
    turned = MaskCodes(tuple(range(12)), tuple(range(11, -1, -1)), are_colours=False)
    other = replace(source, targets={"road": replace(source.masks, coded=turned)})
    _, masks = opened(other, cache)
    assert len(list(cache.iterdir())) == 3
    ids = np.asarray(Image.open(source.masks.values[1]))
    assert np.array_equal(masks.batch(np.array([1]), 31, 20)[0], 11 - ids)


def test_workers_read_codes_as_well(source, tmp_path, monkeypatch):
    monkeypatch.setattr(decode_files, "FEW_FILES", 1)
    _, alone = opened(source, tmp_path / "a")
    _, several = opened(source, tmp_path / "b", workers=2)
    rows = np.array([0, 1, 4])
    assert torch.equal(alone.batch(rows, 31, 31), several.batch(rows, 31, 31))


def test_a_mask_that_changes_while_it_is_streamed_is_named(source, tmp_path):
    images, masks = opened(source, tmp_path / "cache", "stream")
    Image.fromarray(np.zeros((20, 31), dtype=np.uint8)).save(source.masks.values[0])
    images.batch(np.array([0]))
    with pytest.raises(RunFailedError, match=r"0-mask.png is not what it was"):
        masks.batch(np.array([0]), 20, 31)


def test_masks_of_images_of_another_size_are_decoded_anew(source, tmp_path):
    cache = tmp_path / "cache"
    _, whole = opened(source, cache)
    _, small = opened(source, cache, side=8)
    assert whole.store.shape_range()[1] != small.store.shape_range()[1]
    assert small.store.shape_range() == ((8, 8), (12, 16))
    assert len(list(cache.iterdir())) == 4
