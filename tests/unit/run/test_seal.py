import io
import zipfile
import zlib
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.run.files import npz
from sightline.run.seal import TAIL, SealingStream, damage, digest_of, sealed


def plain_zip(payload: bytes = b"weights" * 50) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("data/0", payload)
    return content.getvalue()


@given(st.lists(st.integers(0, 40), max_size=30))
def test_a_stream_seals_as_the_whole_is_sealed_however_it_is_cut(cuts: list[int]):
    content, out = plain_zip(), io.BytesIO()
    stream, start = SealingStream(out, "blake2b"), 0
    for length in cuts:
        assert stream.write(content[start : start + length]) == len(content[start : start + length])
        start += length
    stream.write(memoryview(content[start:]))
    stream.seal()
    assert out.getvalue() == sealed(content)


def test_a_sealed_file_reads_as_before_and_says_its_digest(tmp_path: Path):
    path, content = tmp_path / "a.zip", plain_zip()
    path.write_bytes(sealed(content))
    assert damage(path) == ""
    assert digest_of(path) == blake2b(content[:-2], digest_size=16).hexdigest()
    with zipfile.ZipFile(path) as archive:
        assert archive.read("data/0") == b"weights" * 50


def by_crc(content: bytes) -> bytes:
    out = io.BytesIO()
    stream = SealingStream(out, "crc32")
    stream.write(content)
    stream.seal()
    return out.getvalue()


@pytest.mark.parametrize("content", [npz({"ids": np.arange(3)}), by_crc(plain_zip())], ids=["blake2b", "crc32"])
def test_every_flipped_bit_is_told(tmp_path: Path, content: bytes):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    assert damage(path) == ""
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        assert damage(path), f"byte {place} of {len(content)}, {len(content) - TAIL} before the seal"


@pytest.mark.parametrize("cut", [1, 40, TAIL, TAIL + 1, 200])
def test_a_file_that_was_cut_holds_nothing(tmp_path: Path, cut: int):
    path = tmp_path / "a.npz"
    path.write_bytes(npz({"ids": np.arange(3)})[:-cut])
    assert damage(path) or not zipfile.is_zipfile(path)


def test_without_a_seal_the_checksums_of_the_members_are_asked(tmp_path: Path):
    path, content = tmp_path / "old.pt", plain_zip()
    path.write_bytes(content)
    assert damage(path) == ""
    assert digest_of(path) == blake2b(content, digest_size=16).hexdigest()
    path.write_bytes(content.replace(b"weights", b"heights", 1))
    assert "data/0" in damage(path)


def test_what_is_no_zip_file_has_no_checksum(tmp_path: Path):
    path = tmp_path / "old.pth"
    path.write_bytes(zlib.compress(b"something else"))
    assert damage(path) == ""
