import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

from sightline.data.reduction import Reduction
from sightline.data.store import build, factory
from sightline.data.store.decode import content_hash, decode
from sightline.data.store.factory import open_store
from sightline.data.store.image_store import DiskStore, MemoryStore
from sightline.data.store.stream import StreamStore
from sightline.errors import RunFailedError
from tests.unit.data.store.conftest import RNG, noise, of_files, of_pixels


def test_images_are_what_decoding_gives_padded_to_the_largest(ragged, tmp_path):
    store = open_store(ragged, Reduction(8), tmp_path / "cache", 0)
    assert len(store) == 9
    for indices in ([0], [1, 2, 6], [4, 7, 0, 4], [2, 3, 8]):
        images, sizes = store.batch(np.array(indices))
        assert images.dtype == torch.uint8
        assert sizes.dtype == torch.int32
        assert images.is_contiguous()
        assert images.shape == (len(indices), 3, *sizes.amax(dim=0).tolist())
        for image, (height, width), index in zip(images, sizes.tolist(), indices, strict=True):
            if index in (3, 8):
                assert (height, width) == (0, 0)
            else:
                expected = decode(ragged.files[index].read_bytes(), Reduction(8)).pixels
                assert (image[:, :height, :width].permute(1, 2, 0).numpy() == expected).all()
            assert not image[:, height:].any()
            assert not image[:, :, width:].any()


def test_facts(ragged, tmp_path):
    facts = open_store(ragged, Reduction(8), tmp_path / "cache", 0).facts
    assert facts.hashes == tuple(content_hash(path.read_bytes()) for path in ragged.files)
    assert facts.heights.tolist() == [8, 12, 30, 0, 5, 8, 20, 1, 0]
    assert facts.widths.tolist() == [8, 6, 20, 0, 40, 8, 21, 1, 0]
    assert facts.modes == tuple("" if number in (3, 8) else "RGB" for number in range(9))
    assert set(facts.errors) == {3, 8}
    assert facts.errors[8] == "the file is empty"


def test_shapes(ragged, tmp_path):
    store = open_store(ragged, Reduction(8), tmp_path / "cache", 0)
    assert store.shape_range() == ((1, 1), (12, 10))
    assert not store.uniform
    same = open_store(ragged.take([0, 3, 5]), Reduction(8), tmp_path / "cache", 0)
    assert same.shape_range() == ((8, 8), (8, 8))
    assert same.uniform
    images, sizes = same.batch(np.array([2, 1, 0]))
    assert sizes.tolist() == [[8, 8], [0, 0], [8, 8]]
    assert (images[::2] == same.batch(np.array([2, 0]))[0]).all()
    nothing = open_store(ragged.take([3, 8]), Reduction(8), tmp_path / "cache", 0)
    assert nothing.shape_range() == ((0, 0), (0, 0))
    assert nothing.batch(np.array([0, 1]))[1].tolist() == [[0, 0], [0, 0]]
    assert store.batch(np.array([], dtype=np.int64))[0].shape[:2] == (0, 3)


@pytest.mark.parametrize("kind", ["memory", "disk", "stream"])
def test_a_batch_is_a_copy(ragged, tmp_path, kind):
    store = open_store(ragged.take([0, 5]), Reduction(8), tmp_path / "cache", 0, kind=kind)
    images, _ = store.batch(np.array([0, 1]))
    before = images.clone()
    images.zero_()
    assert (store.batch(np.array([0, 1]))[0] == before).all()


@pytest.mark.parametrize("kind", ["memory", "disk", "stream"])
def test_wherever_pixels_are_kept_they_are_the_same(ragged, tmp_path, kind):
    expected = open_store(ragged, Reduction(8), tmp_path / "one", 0, kind="memory")
    store = open_store(ragged, Reduction(8), tmp_path / "other", 0, kind=kind)
    assert store.facts.hashes == expected.facts.hashes
    assert store.facts.errors == expected.facts.errors
    assert (store.index.sums == expected.index.sums).all()
    assert store.shape_range() == expected.shape_range()
    assert (store.uniform, len(store)) == (False, 9)
    for indices in ([0], [1, 2, 6], [4, 7, 0, 4], [2, 3, 8], [5, 0], [3], []):
        chosen = np.array(indices, dtype=np.int64)
        for got, wanted in zip(store.batch(chosen), expected.batch(chosen), strict=True):
            assert torch.equal(got, wanted)
            assert got.is_contiguous()


def test_auto_takes_memory_then_disk_then_stream_and_says_why(ragged, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "sightline")
    need = int(open_store(ragged, Reduction(8), tmp_path / "other", 0).index.lengths.sum())
    for memory, disk, expected, words in [
        (4 * need, 2 * need, MemoryStore, ""),
        (4 * need - 4, 2 * need, DiskStore, "data.store=disk"),
        (4 * need, need, StreamStore, "data.store=stream"),
    ]:
        monkeypatch.setattr(factory, "free_memory", lambda memory=memory: memory)
        monkeypatch.setattr(factory, "free_disk", lambda _, disk=disk: disk)
        caplog.clear()
        assert type(open_store(ragged, Reduction(8), tmp_path / f"{expected}", 0)) is expected
        assert words in caplog.text
        assert bool(caplog.text) == bool(words)
    # What is decoded already needs no room any more.
    assert type(open_store(ragged, Reduction(8), tmp_path / "other", 0)) is MemoryStore


def test_processes_that_train_together_share_the_cores_for_their_batches(ragged, tmp_path, monkeypatch):
    monkeypatch.setattr(factory, "usable_cores", lambda: 8)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    assert open_store(ragged, Reduction(8), tmp_path / "cache", None, kind="stream")._workers == 2
    assert open_store(ragged, Reduction(8), tmp_path / "cache", 5, kind="stream")._workers == 5


def test_memory_that_does_not_hold_the_pixels_is_refused_before_and_after_decoding(ragged, tmp_path, monkeypatch):
    monkeypatch.setattr(factory, "free_memory", lambda: 1000)
    cache = tmp_path / "cache"
    with pytest.raises(RunFailedError, match=r"data.store=memory: .* 0.0 MB of memory are free; data.store=disk"):
        open_store(ragged, Reduction(8), cache, 0, kind="memory")
    assert not cache.exists()
    monkeypatch.setattr(build, "estimated_bytes", lambda *_: 0)
    with pytest.raises(RunFailedError, match=r"data\.store=memory"):
        open_store(ragged, Reduction(8), cache, 0, kind="memory")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"needs the right to mount a small disk: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_nothing_half_written_stays(small_disk, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    paths = [folder / f"{number}.bmp" for number in range(6)]
    for path in paths:
        Image.fromarray(noise(300, 300)).save(path)
    source = of_files(paths)
    with pytest.raises(RunFailedError, match=r"No space left on device.*\n?.*data.store=stream"):
        open_store(source, Reduction(300), small_disk / "cache", 0, kind="disk")
    assert list((small_disk / "cache").iterdir()) == []
    store = open_store(source, Reduction(300), small_disk / "cache", 0)
    assert type(store) is StreamStore
    assert (store.batch(np.array([3]))[0][0].permute(1, 2, 0).numpy() == np.asarray(Image.open(paths[3]))).all()


def test_pixels_need_no_cache(tmp_path):
    pixels = RNG.integers(0, 256, (6, 5, 7, 3), dtype=np.uint8)
    store = open_store(of_pixels(pixels), Reduction(5), tmp_path / "cache", None)
    assert not (tmp_path / "cache").exists()
    images, sizes = store.batch(np.array([4, 1]))
    assert (images.permute(0, 2, 3, 1).numpy() == pixels[[4, 1]]).all()
    assert images.is_contiguous()
    assert sizes.tolist() == [[5, 7]] * 2
    assert store.uniform
    assert store.facts.hashes == tuple(content_hash(image.tobytes()) for image in pixels)
    assert (store.facts.widths.tolist(), store.facts.heights.tolist()) == ([7] * 6, [5] * 6)
    assert store.facts.errors == {}


def test_pixels_are_reduced_like_files(tmp_path):
    pixels = RNG.integers(0, 256, (3, 20, 50, 3), dtype=np.uint8)
    store = open_store(of_pixels(pixels), Reduction(10), tmp_path, 0)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, image in zip(paths, pixels, strict=True):
        Image.fromarray(image).save(path)
    expected = open_store(of_files(paths), Reduction(10), tmp_path / "cache", 0)
    assert store.shape_range() == ((10, 20), (10, 20))
    assert (store.batch(np.arange(3))[0] == expected.batch(np.arange(3))[0]).all()
    # What it was like before it was reduced is what the facts tell.
    assert store.facts.widths.tolist() == [50] * 3
    assert store.facts.hashes[0] == content_hash(pixels[0].tobytes())
