import hashlib
import io
import os
import pickle
import tarfile
import time

import numpy as np
import pytest
import torchvision

from sightline.data.sources import cifar10
from sightline.data.sources.cifar10 import CIFAR10, Archive, find_cifar10, load_raw_cifar10
from sightline.errors import UsageError

RNG = np.random.default_rng(0)
NAMES = ["bird", "cat", "dog"]
PIXELS = {
    name: RNG.integers(0, 256, (count, 3072), dtype=np.uint8) for name, count in [("one", 5), ("two", 4), ("test", 3)]
}
LABELS = {name: (np.arange(len(pixels)) % 3).tolist() for name, pixels in PIXELS.items()}


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def members():
    content = {
        name: pickle.dumps({b"data": pixels, b"labels": LABELS[name]}, protocol=2) for name, pixels in PIXELS.items()
    }
    return content | {"names": pickle.dumps({b"label_names": [name.encode() for name in NAMES]}, protocol=2)}


@pytest.fixture
def packed(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in {
            "batches/readme.html": b"hello",
            **{f"batches/{k}": v for k, v in members.items()},
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def archive(members, packed, tmp_path):
    return Archive(
        file="small.tar.gz",
        address=(tmp_path / "server" / "small.tar.gz").as_uri(),
        md5=md5(packed),
        folder="batches",
        batches={
            "train": {name: md5(members[name]) for name in ("one", "two")},
            "test": {"test": md5(members["test"])},
        },
        names=("names", md5(members["names"])),
    )


@pytest.fixture
def root(tmp_path):
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def unpack(members, folder):
    folder.mkdir(parents=True)
    for name, content in members.items():
        (folder / name).write_bytes(content)


def check(source):
    assert source.ids == tuple(f"train/{n:05d}" for n in range(9)) + tuple(f"test/{n:05d}" for n in range(3))
    assert source.roles == ("train",) * 9 + ("test",) * 3
    assert source.class_names == tuple(NAMES)
    assert source.labels.tolist() == LABELS["one"] + LABELS["two"] + LABELS["test"]
    planes = np.concatenate([PIXELS[name] for name in ("one", "two", "test")]).reshape(-1, 3, 32, 32)
    assert (source.pixels == planes.transpose(0, 2, 3, 1)).all()
    # The store wants planes: no copy is needed for them.
    assert source.pixels.transpose(0, 3, 1, 2).flags.c_contiguous


def test_what_is_expected_is_what_torchvision_expects():
    theirs = torchvision.datasets.CIFAR10
    assert (CIFAR10.file, CIFAR10.address, CIFAR10.md5) == (theirs.filename, theirs.url, theirs.tgz_md5)
    assert CIFAR10.folder == theirs.base_folder
    assert CIFAR10.batches == {"train": dict(theirs.train_list), "test": dict(theirs.test_list)}
    assert CIFAR10.names == (theirs.meta["filename"], theirs.meta["md5"])


def test_the_folder(root, members, archive):
    unpack(members, root / "batches")
    check(find_cifar10(root, download=False, archive=archive))


def test_the_archive_is_unpacked_beside_itself(root, members, packed, archive):
    (root / "small.tar.gz").write_bytes(packed)
    check(find_cifar10(root, download=False, archive=archive))
    assert {path.name for path in (root / "batches").iterdir()} == set(members)
    (root / "small.tar.gz").unlink()
    check(find_cifar10(root, download=False, archive=archive))


def test_an_unfinished_folder_is_completed(root, members, packed, archive):
    (root / "small.tar.gz").write_bytes(packed)
    unpack({"one": members["one"]}, root / "batches")
    check(find_cifar10(root, download=False, archive=archive))


def test_a_root_that_cannot_be_written_is_read_from_the_archive(root, packed, archive, monkeypatch):
    (root / "small.tar.gz").write_bytes(packed)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cifar10, "atomic_file", refuse)
    check(find_cifar10(root, download=False, archive=archive))


def test_nothing_is_written_where_an_archive_says(root, archive, tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name in ("../escaped", str(tmp_path / "escaped"), "batches/other"):
            tar.addfile(tarfile.TarInfo(name))
        link = tarfile.TarInfo("batches/one")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (root / "small.tar.gz").write_bytes(stream.getvalue())
    changed = Archive(**{**vars(archive), "md5": md5(stream.getvalue())})
    with pytest.raises(UsageError, match="lacks names, one, test, two"):
        find_cifar10(root, download=False, archive=changed)
    assert {path.name for path in tmp_path.rglob("*")} == {"root", "small.tar.gz"}


def test_damage_is_found(root, members, packed, archive):
    (root / "small.tar.gz").write_bytes(packed[:-1] + b"x")
    with pytest.raises(UsageError, match="damaged or another file"):
        find_cifar10(root, download=False, archive=archive)
    unpack(members | {"two": members["two"][:-1] + b"x"}, root / "batches")
    with pytest.raises(UsageError, match=r"batches/two is damaged"):
        find_cifar10(root, download=False, archive=archive)


def test_a_pickle_that_asks_for_code_is_refused_even_if_its_sum_is_right(root, members, archive):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(root / "owned"),)

    bad = members | {"test": pickle.dumps({"data": Attack(), "labels": []})}
    unpack(bad, root / "batches")
    changed = Archive(
        **{**vars(archive), "batches": {"train": archive.batches["train"], "test": {"test": md5(bad["test"])}}}
    )
    with pytest.raises(UsageError, match=r"test batches.*posix\.mkdir"):
        find_cifar10(root, download=False, archive=changed)
    assert not (root / "owned").exists()


def test_download(root, packed, archive, tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "small.tar.gz").write_bytes(packed)
    check(find_cifar10(root / "new", download=True, archive=archive))
    assert {path.name for path in (root / "new").iterdir()} == {"small.tar.gz", "batches"}


def test_a_download_of_something_else_is_not_kept(root, archive, tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "small.tar.gz").write_bytes(b"404, and a smile")
    with pytest.raises(UsageError, match="gave another file"):
        find_cifar10(root, download=True, archive=archive)
    assert list(root.iterdir()) == []


def test_absence_says_what_to_fetch_and_what_else_there_is(root, archive):
    for download, reason in [(False, "data.download=false"), (True, "fetching it failed")]:
        with pytest.raises(UsageError) as caught:
            find_cifar10(root, download=download, archive=archive)
        message = str(caught.value)
        for word in (
            f"data.root={root}",
            reason,
            "small.tar.gz",
            archive.md5,
            archive.address,
            "data=folder data.root=DIR",
            "bash run.sh demo",
        ):
            assert word in message
        assert message.count("\n") == 1


def test_no_network_fails_soon(root, archive):
    started = time.monotonic()
    away = Archive(**{**vars(archive), "address": "http://127.0.0.1:9/small.tar.gz"})
    with pytest.raises(UsageError, match="fetching it failed"):
        find_cifar10(root, download=True, archive=away)
    assert time.monotonic() - started < 12


def test_raw_pixels_to_explore(root, members, archive):
    unpack(members, root / "batches")
    pixels, labels, names = load_raw_cifar10(root, "test", archive=archive)
    assert (pixels == PIXELS["test"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)).all()
    assert pixels.flags.c_contiguous
    assert labels.tolist() == LABELS["test"]
    assert names == tuple(NAMES)
    assert len(load_raw_cifar10(str(root), "train", archive=archive)[0]) == 9
