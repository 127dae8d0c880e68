import zlib

import numpy as np
import pytest

from sightline.data.store.entries import Entry, unreadable
from sightline.data.store.index import FILE, Index

ENTRIES = [
    Entry("a" * 32, 40, 30, "RGB", 30, 40, [1, 2, 3, 4, 5, 2**40], None),
    unreadable("b" * 32, "it is not a picture"),
    Entry("c" * 32, 8, 9, "CMYK", 9, 8, [0, 0, 0, 0, 0, 7], None),
]


def test_it_reads_back_what_was_saved(tmp_path):
    index = Index.of(ENTRIES, 3)
    index.save(tmp_path)
    again = Index.load(tmp_path, 3)
    assert again.facts.hashes == index.facts.hashes == tuple(entry.hash for entry in ENTRIES)
    assert again.facts.modes == ("RGB", "", "CMYK")
    assert again.facts.errors == {1: "it is not a picture"}
    for name in ("widths", "heights"):
        assert (getattr(again.facts, name) == getattr(index.facts, name)).all()
    assert again.shapes.tolist() == [[30, 40], [0, 0], [9, 8]]
    assert again.lengths.tolist() == [3600, 0, 216]
    assert again.sums[0].tolist() == [[1, 2, 3], [4, 5, 2**40]]
    assert not again.sums[1].any()
    assert (again.shapes.dtype, again.sums.dtype) == (np.int32, np.int64)


def test_checksums_tell_pixels_from_others(tmp_path):
    pixels = np.arange(12 * 4 * 3, dtype=np.uint8)
    parts = [pixels[:36], pixels[36:36], pixels[36:]]
    entries = [
        Entry("a" * 32, 4, 3, "RGB", 3, 4, [0] * 6, None, zlib.crc32(parts[0])),
        unreadable("b" * 32, "it is not a picture"),
        Entry("c" * 32, 4, 9, "RGB", 9, 4, [0] * 6, None, zlib.crc32(parts[2])),
    ]
    Index.of(entries, 3).save(tmp_path)
    index = Index.load(tmp_path, 3)
    assert index.are_stored(pixels)
    assert index.is_stored(2, parts[2].reshape(3, 9, 4))
    for place in range(len(pixels)):
        changed = pixels.copy()
        changed[place] ^= 16
        assert not index.are_stored(changed)


def test_a_changed_byte_in_the_file_is_told(tmp_path):
    Index.of(ENTRIES, 3).save(tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    for place in range(0, len(whole), 7):
        (tmp_path / FILE).write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert Index.load(tmp_path, 3) is None, place


def test_nothing_at_all(tmp_path):
    Index.of([], 3).save(tmp_path)
    again = Index.load(tmp_path, 0)
    assert len(again) == 0
    assert again.lengths.sum() == 0


@pytest.mark.parametrize("content", [None, b"", b"no index", "cut"])
def test_what_was_not_saved_is_nothing(tmp_path, content):
    if content is not None:
        Index.of(ENTRIES, 3).save(tmp_path)
        whole = (tmp_path / FILE).read_bytes()
        (tmp_path / FILE).write_bytes(whole[: len(whole) // 2] if content == "cut" else content)
    assert Index.load(tmp_path, 3) is None


def test_an_index_of_other_images_is_nothing(tmp_path):
    Index.of(ENTRIES, 3).save(tmp_path)
    assert Index.load(tmp_path, 4) is None
