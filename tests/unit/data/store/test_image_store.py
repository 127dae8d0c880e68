import os
import zlib

import numpy as np
import psutil
import pytest

from sightline.data.store.entries import Entry, channel_sums
from sightline.data.store.image_store import DiskStore, MemoryStore
from sightline.data.store.index import Index
from sightline.errors import RunFailedError

RNG = np.random.default_rng(0)


def stored(shapes):
    """An index of images of these shapes, and their pixels, flat."""
    planes = [RNG.integers(0, 256, (3, height, width), dtype=np.uint8) for height, width in shapes]
    entries = [
        Entry("", 0, 0, "", *shape, channel_sums(image.reshape(3, -1)), None, zlib.crc32(image))
        for shape, image in zip(shapes, planes, strict=True)
    ]
    return Index.of(entries, 3), np.concatenate([image.ravel() for image in planes]), planes


@pytest.fixture(params=["memory", "disk"])
def make(request, tmp_path):
    def made(index, pixels):
        if request.param == "memory":
            return MemoryStore(index, pixels)
        pixels.tofile(tmp_path / "pixels.bin")
        return DiskStore(index, tmp_path / "pixels.bin")

    return made


@pytest.mark.parametrize("shapes", [[(6, 5)] * 7, [(6, 5), (5, 6), (6, 5), (2, 9), (7, 7), (6, 5), (6, 5)]])
def test_pixels_come_back_in_the_order_asked_for(make, shapes):
    index, pixels, planes = stored(shapes)
    store = make(index, pixels)
    for order in ([6, 0, 6], [1, 2, 3, 4], [5], [0, 1, 2]):
        images, sizes = store.batch(np.array(order))
        assert images.shape == (len(order), 3, *sizes.amax(dim=0).tolist())
        for image, (height, width), position in zip(images.numpy(), sizes.tolist(), order, strict=True):
            assert (image[:, :height, :width] == planes[position]).all()
            assert not image[:, height:].any()
            assert not image[:, :, width:].any()


def test_sums_are_those_of_the_pixels(make):
    index, pixels, planes = stored([(6, 5), (2, 9)])
    store = make(index, pixels)
    for position, image in enumerate(planes):
        values = image.reshape(3, -1).astype(int)
        assert store.index.sums[position].tolist() == [values.sum(axis=1).tolist(), (values**2).sum(axis=1).tolist()]


def test_reading_a_large_file_takes_no_memory(tmp_path):
    count, side = 600, 256
    index, _, _ = stored([(side, side)])
    entries = [Entry("", 0, 0, "", side, side, [], None)] * count
    with (tmp_path / "pixels.bin").open("wb") as stream:
        for number in range(count):
            stream.write(bytes([number % 256]) * (3 * side**2))
    store, process = DiskStore(Index.of(entries, 3), tmp_path / "pixels.bin"), psutil.Process()
    store.batch(np.arange(10))
    before = process.memory_info().rss
    for start in range(0, count, 10):
        images, _ = store.batch(np.arange(start, start + 10))
        assert images[:, 0, 0, 0].tolist() == [number % 256 for number in range(start, start + 10)]
    # A mapped file would have grown it by all 118 MB.
    assert process.memory_info().rss - before < 20e6
    assert index.lengths.sum() == 3 * side**2


def test_a_file_cut_while_in_use_is_told(tmp_path):
    index, pixels, _ = stored([(6, 5)] * 4)
    pixels.tofile(tmp_path / "pixels.bin")
    store = DiskStore(index, tmp_path / "pixels.bin")
    os.truncate(tmp_path / "pixels.bin", 200)
    store.batch(np.array([0, 1]))
    with pytest.raises(RunFailedError, match="end too early"):
        store.batch(np.array([2]))


def test_a_changed_pixel_on_disk_is_told_when_its_image_is_read(tmp_path):
    index, pixels, planes = stored([(6, 5), (2, 9), (7, 7)])
    pixels.tofile(tmp_path / "pixels.bin")
    with (tmp_path / "pixels.bin").open("r+b") as stream:
        stream.seek(int(index.lengths[0]) + 3)
        stream.write(bytes([int(planes[1].ravel()[3]) ^ 128]))
    store = DiskStore(index, tmp_path / "pixels.bin")
    assert (store.batch(np.array([0]))[0][0].numpy() == planes[0]).all()
    for rows in ([1], [2, 1, 0]):
        with pytest.raises(RunFailedError, match=f"damaged; remove the folder {tmp_path}"):
            store.batch(np.array(rows))


def test_the_file_is_let_go_of(tmp_path):
    index, pixels, _ = stored([(6, 5)] * 4)
    pixels.tofile(tmp_path / "pixels.bin")
    store = DiskStore(index, tmp_path / "pixels.bin")
    before = psutil.Process().num_fds()
    del store
    assert psutil.Process().num_fds() == before - 1
