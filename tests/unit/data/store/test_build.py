import logging
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from sightline.data.reduction import Reduction
from sightline.data.store import build
from sightline.data.store.decode import content_hash
from sightline.data.store.factory import open_store
from sightline.errors import RunFailedError
from tests.unit.data.store.conftest import noise, of_files


def test_what_was_found_out_before_is_not_looked_for_again(ragged, tmp_path, monkeypatch):
    open_store(ragged, Reduction(8), tmp_path / "scanned", 0, kind="stream")
    open_store(ragged, Reduction(8), tmp_path / "decoded", 0, kind="memory")
    monkeypatch.setattr(build, "decode_files", None)
    for cache in ("scanned", "decoded"):
        store = open_store(ragged, Reduction(8), tmp_path / cache, 0, kind="stream")
        assert store.batch(np.arange(9))[1][0].tolist() == [8, 8]


def test_a_damaged_index_is_made_anew(ragged, tmp_path):
    cache = tmp_path / "cache"
    hashes = open_store(ragged, Reduction(8), cache, 0, kind="stream").facts.hashes
    (folder,) = cache.iterdir()
    (folder / "index.npz").write_bytes(b"no index")
    assert open_store(ragged, Reduction(8), cache, 0, kind="stream").facts.hashes == hashes


def test_it_is_decoded_once(ragged, tmp_path, monkeypatch):
    seen = []
    first = open_store(
        ragged, Reduction(8), tmp_path / "cache", 0, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (9, 9)
    monkeypatch.setattr(build, "decode_files", None)
    again = open_store(ragged, Reduction(8), tmp_path / "cache", 0)
    assert again.facts.hashes == first.facts.hashes
    assert again.facts.errors == first.facts.errors
    assert (again.batch(np.arange(9))[0] == first.batch(np.arange(9))[0]).all()


def test_whatever_changes_makes_another_store(ragged, tmp_path):
    cache = tmp_path / "cache"
    usual = Reduction(8)
    keys = {build.stamp(ragged.ids, [str(path) for path in ragged.files], usual)[1]}

    def stamp(source=ragged, reduction=usual):
        return build.stamp(source.ids, [str(path) for path in source.files], reduction)[1]

    assert stamp() in keys
    keys.add(stamp(reduction=Reduction(9)))
    keys.add(stamp(reduction=Reduction()))
    keys.add(stamp(reduction=Reduction(8, None)))
    keys.add(stamp(ragged.take([1, 0, 2])))
    keys.add(stamp(ragged.take([0, 1, 2])))
    assert len(keys) == 6
    path = ragged.files[0]
    Image.fromarray(noise(8, 8)).save(path, "BMP")
    old, state = open_store(ragged, Reduction(8), cache, 0), path.stat()
    # Another content of the same size and time, as archives restore it.
    Image.fromarray(noise(8, 8)).save(path, "BMP")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    new = open_store(ragged, Reduction(8), cache, 0)
    assert new.facts.hashes[0] == content_hash(path.read_bytes()) != old.facts.hashes[0]
    path.unlink()
    assert open_store(ragged, Reduction(8), cache, 0).facts.errors[0] == "No such file or directory"


def test_a_damaged_store_is_built_anew(ragged, tmp_path):
    cache = tmp_path / "cache"
    whole = open_store(ragged, Reduction(8), cache, 0).batch(np.arange(9))[0]
    (folder,) = cache.iterdir()
    for name, content in [
        ("pixels.bin", b"short"),
        ("index.npz", b"no index"),
        ("pixels.bin", None),
        ("index.npz", None),
    ]:
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content)
        assert (open_store(ragged, Reduction(8), cache, 0).batch(np.arange(9))[0] == whole).all()


def test_a_changed_pixel_is_decoded_anew(ragged, tmp_path, caplog):
    cache = tmp_path / "cache"
    whole = open_store(ragged, Reduction(8), cache, 0, kind="memory").batch(np.arange(9))[0]
    (folder,) = cache.iterdir()
    content = bytearray((folder / "pixels.bin").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "pixels.bin").write_bytes(content)
    logging.getLogger("sightline").propagate = True
    assert (open_store(ragged, Reduction(8), cache, 0, kind="memory").batch(np.arange(9))[0] == whole).all()
    assert "decoded images in" in caplog.text
    assert "are damaged; they are decoded anew" in caplog.text


def test_checksums_of_pixels_are_asked_once_a_process(ragged, tmp_path, monkeypatch):
    asked = []
    real = build.Index.are_stored
    monkeypatch.setattr(build.Index, "are_stored", lambda *arguments: asked.append(0) or real(*arguments))
    for _ in range(3):
        open_store(ragged, Reduction(8), tmp_path / "cache", 0, kind="memory")
    assert len(asked) == 1


def test_a_disk_that_reads_back_something_else_is_told(ragged, tmp_path, monkeypatch):
    monkeypatch.setattr(build.Index, "load", lambda *_: None)
    for kind in ("memory", "stream"):
        with pytest.raises(RunFailedError, match="failing"):
            open_store(ragged, Reduction(8), tmp_path / "cache", 0, kind=kind)


def test_any_number_of_workers_writes_the_same_bytes(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    paths = []
    for number in range(230):
        paths.append(folder / f"{number}.jpg")
        Image.fromarray(noise(6 + number % 3, 7)).save(paths[-1])
    source = of_files(paths)
    written = []
    for workers in (0, 2):
        store = open_store(source, Reduction(6), tmp_path / "cache", workers)
        (place,) = (tmp_path / "cache").iterdir()
        written.append(((place / "pixels.bin").read_bytes(), store.facts.hashes, store.facts.modes))
        shutil.rmtree(place)
    assert written[0] == written[1]


def test_builders_at_once_agree(ragged, tmp_path):
    everybody = threading.Barrier(3, timeout=30)

    def build(_):
        # All three have decoded before any of them moves its folder into place.
        store = open_store(ragged, Reduction(8), tmp_path / "cache", 0, progress=lambda *_: everybody.wait())
        return store.batch(np.arange(9))[0]

    with ThreadPoolExecutor(3) as threads:
        first, *others = threads.map(build, range(3))
    assert all((other == first).all() for other in others)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_an_interruption_leaves_no_trace(ragged, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_store(ragged, Reduction(8), tmp_path / "cache", 0, progress=interrupt)
    assert list((tmp_path / "cache").iterdir()) == []
