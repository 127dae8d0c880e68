import numpy as np
import pytest
import torch
from PIL import Image

from sightline.data.sources.source import Source
from sightline.data.store.decode import content_hash
from sightline.data.store.factory import open_masks, open_store
from sightline.data.store.image_store import DiskStore, MemoryStore
from sightline.data.store.stream import StreamStore
from sightline.data.targets import LABEL, ClassTarget, MaskTarget
from sightline.errors import RunFailedError, UsageError

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
    images = open_store(source, side, cache, workers, kind=kind)
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
    images = open_store(bare, None, tmp_path / "cache", 0)
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
        (Image.new("RGB", (31, 20)), "a mask of mode RGB: it takes one class id a pixel"),
        (Image.new("L", (30, 20)), "a mask of 30 x 20 pixels, but its image has 31 x 20"),
    ],
)
@pytest.mark.parametrize("kind", ["memory", "stream"])
def test_a_mask_that_cannot_be_used_is_named(source, tmp_path, mask, why, kind):
    mask.save(source.masks.values[0])
    with pytest.raises(UsageError, match=rf"0-mask.png: {why}[^(]*$"):
        opened(source, tmp_path / "cache", kind)
    source.masks.values[4].write_bytes(b"")
    with pytest.raises(UsageError, match=r"0-mask.png: .* \(2 of 3 masks cannot be used\)"):
        opened(source, tmp_path / "cache", kind)
    source.masks.values[0].unlink()
    with pytest.raises(UsageError, match=r"0-mask.png: No such file or directory"):
        opened(source, tmp_path / "cache", kind)


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
