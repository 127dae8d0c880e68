"""Files of weights that would fill the memory are refused before torch opens them."""

import io
import os
import resource
import zipfile
from pathlib import Path

import pytest
import torch

from sightline.errors import UsageError
from sightline.models.bombs import refuse_bomb
from sightline.models.networks.cnn import Cnn
from sightline.models.weights import load_plain, read_state

HUGE = b"\x8a\x05\x00\x00\x00\x00\x10"  # 64 GiB


def archive(pickled: bytes, kind: int = zipfile.ZIP_STORED, storage: bytes = bytes(64)) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as file:
        for name, content in {
            "data.pkl": pickled,
            "version": b"3\n",
            "byteorder": b"little",
            "data/0": storage,
        }.items():
            file.writestr(f"archive/{name}", content)
    return stream.getvalue()


def overlapping() -> bytes:
    """The directory lists one member a thousand times."""
    content = archive(b"\x80\x02}.", storage=bytes(100_000))
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[content.rindex(b"PK\x01\x02") : end]
    tail = bytearray(content[end:])
    tail[8:10] = tail[10:12] = (1004).to_bytes(2, "little")
    tail[12:16] = (end - start + 1000 * len(entry)).to_bytes(4, "little")
    return content[:end] + entry * 1000 + bytes(tail)


BOMBS = {
    "squeezed": archive(b"\x80\x02}.", zipfile.ZIP_DEFLATED, bytes(10**7)),
    "overlapping": overlapping(),
    "room": archive(b"\x80\x02}X\x01\x00\x00\x00acbuiltins\nbytearray\n" + HUGE + b"\x85Rs."),
    "room in a bare pickle": b"\x80\x02}X\x01\x00\x00\x00acbuiltins\nbytearray\n" + HUGE + b"\x85Rs.",
    "depth": archive(b"\x80\x02" + b"(" * 3 * 10**6 + b"t" * 3 * 10**6 + b"."),
    "torn": archive(b"\x80\x02}.")[:-30],
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_in_one_line(tmp_path: Path, content: bytes):
    file = tmp_path / "w.pt"
    file.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError):
        load_plain(file)
    with pytest.raises(UsageError) as caught:
        read_state(file)
    assert str(caught.value).startswith(f"model.weights={file}")
    assert "\n" not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10**6  # KiB


@pytest.mark.parametrize("zipped", [True, False])
def test_what_torch_writes_is_none(tmp_path: Path, zipped: bool):
    content = {"model": Cnn(3, width=4).state_dict(), "rng": torch.get_rng_state(), "empty": torch.zeros(0)}
    torch.save(content, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
    refuse_bomb(tmp_path / "w.pt")
    assert read_state(tmp_path / "w.pt").keys() == content["model"].keys()


def test_what_is_not_there_or_empty_is_left_to_torch(tmp_path: Path):
    (tmp_path / "empty.pt").touch()
    refuse_bomb(tmp_path / "empty.pt")
    os.mkfifo(tmp_path / "pipe.pt")
    for name in ("none.pt", "pipe.pt"):
        with pytest.raises(OSError):
            refuse_bomb(tmp_path / name)
