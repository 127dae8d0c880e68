import io
import json
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from sightline.data.reduction import Reduction
from sightline.data.store import entries as module
from sightline.data.store.decode import content_hash, decode
from sightline.data.store.entries import MaskFile, ScaledFile, channel_sums, read_entries, receive, send
from sightline.data.targets import MaskCodes


def noise(height=8, width=12):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def files(tmp_path):
    """A picture, half of one, nothing, a folder, and the picture again."""
    good, bad = tmp_path / "a.jpg", tmp_path / "b.png"
    Image.fromarray(noise()).save(good)
    bad.write_bytes(good.read_bytes()[:60])
    return [str(good), str(bad), str(tmp_path / "gone"), str(tmp_path), str(good)]


def test_entries_of_files(files, tmp_path):
    entries, planes = read_entries(files, Reduction(4))
    content = (tmp_path / "a.jpg").read_bytes()
    stored = decode(content, Reduction(4)).pixels.transpose(2, 0, 1)
    values = stored.reshape(3, -1).astype(int)
    sums = [*values.sum(axis=1), *(values**2).sum(axis=1)]
    assert entries[0] == (content_hash(content), 12, 8, "RGB", 4, 6, sums, None, zlib.crc32(stored.tobytes()), 0)
    assert entries[1].hash == content_hash((tmp_path / "b.png").read_bytes())
    assert entries[1].error
    assert entries[2] == ("", 0, 0, "", 0, 0, [], "No such file or directory", None, 0)
    assert entries[3].error == "Is a directory"
    assert planes == stored.tobytes() * 2


def test_only_what_is_wanted_is_answered(files):
    entries, planes = read_entries(files, Reduction(4))
    facts, nothing = read_entries(files, Reduction(4), "facts")
    assert (facts, nothing) == (entries, b"")
    bare, pixels = read_entries(files, Reduction(4), "pixels")
    assert pixels == planes
    assert bare == [entry._replace(sums=[], checksum=None) for entry in entries]


def test_sums_are_exact_however_they_are_cut(monkeypatch):
    planes = noise(40, 50).reshape(-1, 3).T
    expected = [*planes.sum(axis=1, dtype=int).tolist(), *(planes.astype(int) ** 2).sum(axis=1).tolist()]
    assert channel_sums(planes) == expected
    monkeypatch.setattr(module, "SUMMED_AT_ONCE", 7)
    assert channel_sums(planes) == expected


def test_messages_arrive_whole_or_not_at_all():
    stream = io.BytesIO()
    send(stream, b"head", b"body")
    send(stream, b"")
    written = stream.getvalue()
    stream.seek(0)
    assert [receive(stream) for _ in range(3)] == [(b"head", b"body"), (b"", b""), None]
    for cut in (3, 18, 21):
        assert receive(io.BytesIO(written[:cut])) is None


def test_workers_import_neither_torch_nor_the_rest():
    code = "import sys, sightline.data.store.entries; print({'torch', 'pydantic', 'scipy', 'hydra'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_image_with_its_own_white_and_a_mask_come_through_json(tmp_path):
    for file in (
        "a.png",
        ScaledFile("a.png", 4095),
        MaskFile("a.png", 1, 2, 3, 4, MaskCodes((0, 9), (1, 0), are_colours=False)),
    ):
        again = module._file_of(json.loads(json.dumps(file)))
        assert (again, type(again)) == (file, type(file))
    Image.fromarray(np.full((4, 4), 4095, dtype=np.uint16)).save(tmp_path / "a.png")
    for white, grey in ((65535, 16), (4095, 255)):
        ((entry,), pixels) = read_entries([ScaledFile(str(tmp_path / "a.png"), white)], Reduction())
        assert (entry.brightest, set(pixels)) == (4095, {grey})
