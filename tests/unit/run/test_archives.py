"""Files of arrays from anywhere: read, or refused with one line, whatever is in them."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sightline.run.archives import read_npz


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array)
    return stream.getvalue()


def claiming(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    """A header that claims a shape, before eight bytes."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_2_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue() + bytes(8)


def zipped(kind: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def encrypted() -> bytes:
    content = bytearray(zipped(a=npy(np.arange(3))))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    return bytes(content)


def squeezed_by(method: int) -> bytes:
    content = bytearray(zipped(a=npy(np.arange(3))))
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + place] = method
    return bytes(content)


HOSTILE = {
    "nothing": b"",
    "a lone array": npy(np.arange(3)),
    "text": b"id,label\n",
    "a pickle": b"\x80\x04K\x01.",
    "objects": zipped(a=npy(np.array([1, "x"], dtype=object))),
    "terabytes": zipped(a=claiming((10**12,))),
    "more than there are": zipped(a=claiming((2**62, 2**62))),
    "a negative shape": zipped(a=claiming((-1,))),
    "no header": zipped(a=b"\x93NUMPY\x01\x00\xff\xff{"),
    "header of nonsense": zipped(a=b"\x93NUMPY\x01\x00\x05\x00{'a'\n"),
    "deep header": zipped(a=b"\x93NUMPY\x01\x00\x10\x27" + b"(" * 10_000),
    "a bomb": zipped(zipfile.ZIP_DEFLATED, a=npy(np.zeros(2**24))),
    "a password": encrypted(),
    "deflated bytes that are none": squeezed_by(8),
    "lzma that is none": squeezed_by(14),
    "an unknown method": squeezed_by(99),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_file_of_plain_arrays_is_refused_in_one_line(tmp_path: Path, content: bytes):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_npz(tmp_path / "a.npz")
    assert 0 < len(str(caught.value)) <= 200
    assert "\n" not in str(caught.value)


@pytest.mark.timeout(10)
def test_what_is_no_regular_file_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="a named pipe"):
        read_npz(tmp_path / "a.npz")


def test_arrays_are_read_as_numpy_reads_them(tmp_path: Path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", "yz"]), "c": np.zeros((0, 4), dtype=np.float16)}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)
        found = read_npz(tmp_path / "a.npz")
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            assert (found[name].dtype, found[name].tolist()) == (array.dtype, array.tolist())
        assert read_npz(tmp_path / "a.npz", ("b", "z")).keys() == {"b"}
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:  # other programs leave the suffix out
        archive.writestr("a", npy(arrays["a"]))
    assert read_npz(tmp_path / "b.npz")["a"].shape == (2, 3)


def test_a_large_file_may_be_compressed_as_far_as_numbers_are(tmp_path: Path):
    values = np.random.default_rng(0).integers(0, 1000, 2**23).astype(np.float64)  # 64 MiB, and more
    np.savez_compressed(tmp_path / "a.npz", a=values, b=values[: 2**20])
    assert (read_npz(tmp_path / "a.npz", ("b",))["b"] == values[: 2**20]).all()
    np.savez_compressed(tmp_path / "b.npz", a=np.zeros(2**23 + 1))
    with pytest.raises(ValueError, match=r"unpack to .*numpy\.savez"):
        read_npz(tmp_path / "b.npz", ("none",))
