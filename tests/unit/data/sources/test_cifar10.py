import hashlib
import io
import os
import pickle
import tarfile
import tempfile
import time

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from sightline.data.sources import cifar10_files
from sightline.data.sources.cifar10 import find_cifar10, load_raw_cifar10
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
        name: pickle.dumps({"data": pixels, "labels": LABELS[name]}, protocol=2) for name, pixels in PIXELS.items()
    }
    return content | {"names": pickle.dumps({"label_names": NAMES}, protocol=2)}


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
    """A small data set of the same make: torchvision's class with files of ours."""

    return changed(
        CIFAR10,
        base_folder="batches",
        url=(tmp_path / "server" / "small.tar.gz").as_uri(),
        filename="small.tar.gz",
        tgz_md5=md5(packed),
        train_list=[[name, md5(members[name])] for name in ("one", "two")],
        test_list=[["test", md5(members["test"])]],
        meta={"filename": "names", "key": "label_names", "md5": md5(members["names"])},
    )


def changed(archive, **attributes):
    return type("Changed", (archive,), attributes)


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


def test_the_files_that_may_be_read_are_the_published_ones():
    """A version of torchvision that knows other sums, or none, would read another pickle."""
    assert dict(CIFAR10.train_list + CIFAR10.test_list) | {CIFAR10.meta["filename"]: CIFAR10.meta["md5"]} == {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
        "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    }
    assert CIFAR10.tgz_md5 == "c58f30108f718f92721af3b95e74349a"
    assert find_cifar10.__defaults__ == (CIFAR10,)
    assert load_raw_cifar10.__defaults__ == (False, CIFAR10)


def test_the_folder(root, members, archive):
    unpack(members, root / "batches")
    check(find_cifar10(root, download=False, data_set=archive))


def test_the_archive_is_unpacked_beside_itself(root, members, packed, archive):
    (root / "small.tar.gz").write_bytes(packed)
    check(find_cifar10(root, download=False, data_set=archive))
    assert {path.name for path in (root / "batches").iterdir()} == set(members)
    (root / "small.tar.gz").unlink()
    check(find_cifar10(root, download=False, data_set=archive))


def test_an_unfinished_folder_is_completed(root, members, packed, archive):
    (root / "small.tar.gz").write_bytes(packed)
    unpack({"one": members["one"]}, root / "batches")
    check(find_cifar10(root, download=False, data_set=archive))


def test_a_root_that_cannot_be_written_is_read_from_the_archive(root, packed, archive, monkeypatch, tmp_path):
    (root / "small.tar.gz").write_bytes(packed)
    elsewhere, original = tmp_path / "temporary", tempfile.TemporaryDirectory
    elsewhere.mkdir()

    def only_elsewhere(**place):
        if place:
            raise PermissionError(13, "Permission denied")
        return original(dir=elsewhere)

    monkeypatch.setattr(cifar10_files, "TemporaryDirectory", only_elsewhere)
    check(find_cifar10(root, download=False, data_set=archive))
    assert [path.name for path in root.iterdir()] == ["small.tar.gz"]
    assert list(elsewhere.iterdir()) == []


def small_archive(*members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for member in members:
            tar.addfile(member)
    return stream.getvalue()


def linked(name, target):
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, target
    return link


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (tarfile.TarInfo("batches/other"), "lacks names, one, test, two"),
        (tarfile.TarInfo("../escaped"), "cannot be unpacked: .*outside the destination"),
        (linked("batches/one", "/etc/passwd"), "cannot be unpacked: .*absolute path"),
        (linked("batches/one", "../../../escaped"), "cannot be unpacked: .*outside the destination"),
    ],
)
def test_nothing_is_written_where_an_archive_says(root, archive, tmp_path, member, why):
    content = small_archive(member)
    (root / "small.tar.gz").write_bytes(content)
    other = changed(archive, tgz_md5=md5(content))
    with pytest.raises(UsageError, match=rf"small.tar.gz {why}.*[:;] delete it and fetch {archive.url} again"):
        find_cifar10(root, download=False, data_set=other)
    assert {path.name for path in tmp_path.rglob("*")} == {"root", "small.tar.gz"}


def test_damage_is_found(root, members, packed, archive):
    (root / "small.tar.gz").write_bytes(packed[:-1] + b"x")
    with pytest.raises(UsageError, match="damaged or another file"):
        find_cifar10(root, download=False, data_set=archive)
    unpack(members | {"two": members["two"][:-1] + b"x"}, root / "batches")
    with pytest.raises(UsageError, match=r"batches/two is damaged"):
        find_cifar10(root, download=False, data_set=archive)


@pytest.mark.parametrize("name", ["one", "two", "test", "names"])
def test_no_pickle_is_opened_but_those_with_the_known_sums(root, members, archive, name):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(root / "owned"),)

    bad = pickle.dumps({"data": Attack(), "labels": [], "label_names": Attack()})
    unpack(members | {name: bad}, root / "batches")
    for read in (
        lambda: find_cifar10(root, download=False, data_set=archive),
        lambda: load_raw_cifar10(root, "train", data_set=archive),
        lambda: load_raw_cifar10(root, "test", data_set=archive),
    ):
        with pytest.raises(UsageError, match=rf"batches/{name} is damaged or another file"):
            read()
        assert not (root / "owned").exists()


def test_an_archive_with_a_bad_pickle_is_not_even_unpacked(root, archive):
    (root / "small.tar.gz").write_bytes(small_archive(tarfile.TarInfo("batches/one")))
    with pytest.raises(UsageError, match="damaged or another file"):
        find_cifar10(root, download=False, data_set=archive)
    assert [path.name for path in root.iterdir()] == ["small.tar.gz"]


def test_an_archive_with_the_known_sum_and_another_pickle_is_refused(root, packed, archive):
    (root / "small.tar.gz").write_bytes(packed)
    other = changed(archive, test_list=[["test", md5(b"another")]])
    with pytest.raises(UsageError, match="batches/test is damaged or another file"):
        find_cifar10(root, download=False, data_set=other)


def test_download(root, packed, archive, tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "small.tar.gz").write_bytes(packed)
    check(find_cifar10(root / "new", download=True, data_set=archive))
    assert {path.name for path in (root / "new").iterdir()} == {"small.tar.gz", "batches"}


def test_a_download_of_something_else_is_not_kept(root, archive, tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "small.tar.gz").write_bytes(b"404, and a smile")
    with pytest.raises(UsageError, match="gave another file"):
        find_cifar10(root, download=True, data_set=archive)
    assert list(root.iterdir()) == []


def test_absence_says_what_to_fetch_and_what_else_there_is(root, archive):
    for download, reason in [(False, "data.download=false"), (True, "fetching it failed")]:
        with pytest.raises(UsageError) as caught:
            find_cifar10(root, download=download, data_set=archive)
        message = str(caught.value)
        for word in (
            f"data.root={root}",
            reason,
            "small.tar.gz",
            archive.tgz_md5,
            archive.url,
            "data=folder data.root=DIR",
            "bash run.sh demo",
        ):
            assert word in message
        assert message.count("\n") == 1


def test_no_network_fails_soon(root, archive):
    started = time.monotonic()
    away = changed(archive, url="http://127.0.0.1:9/small.tar.gz")
    with pytest.raises(UsageError, match="fetching it failed"):
        find_cifar10(root, download=True, data_set=away)
    assert time.monotonic() - started < 12


def test_raw_pixels_to_explore(root, members, archive):
    unpack(members, root / "batches")
    pixels, labels, names = load_raw_cifar10(root, "test", data_set=archive)
    assert (pixels == PIXELS["test"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)).all()
    assert pixels.flags.c_contiguous
    assert labels.tolist() == LABELS["test"]
    assert names == tuple(NAMES)
    assert len(load_raw_cifar10(str(root), "train", data_set=archive)[0]) == 9
