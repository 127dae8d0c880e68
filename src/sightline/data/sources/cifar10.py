"""CIFAR-10 as torchvision keeps it: the archive or the folder, checked, and read without running any of its code.

Krizhevsky, "Learning multiple layers of features from tiny images" (2009).
"""

import hashlib
import http.client
import io
import logging
import tarfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightline.data.sources.source import Source
from sightline.data.sources.unpickle import BatchError, read_batch, read_names
from sightline.errors import UsageError
from sightline.run.files import atomic_file

SECONDS_TO_CONNECT = 10.0
SIDE = 32

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Archive:
    """What to fetch, and the md5 of everything in it.

    Attributes:
        folder: the folder inside the archive.
        batches: the batch files of each split, in order, with their md5.
        names: the file of the class names, with its md5.
    """

    file: str
    address: str
    md5: str
    folder: str
    batches: Mapping[str, Mapping[str, str]]
    names: tuple[str, str]

    def members(self) -> dict[str, str]:
        """Every file of the folder that is read, and its md5."""
        return {name: md5 for files in self.batches.values() for name, md5 in files.items()} | dict([self.names])


CIFAR10 = Archive(
    file="cifar-10-python.tar.gz",
    address="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    md5="c58f30108f718f92721af3b95e74349a",
    folder="cifar-10-batches-py",
    batches={
        "train": {
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        },
        "test": {"test_batch": "40351d587109b95175f43aff81a1287e"},
    },
    names=("batches.meta", "5ff9c542aee3614f3951f8cda6e48888"),
)


def find_cifar10(root: Path, download: bool, archive: Archive = CIFAR10) -> Source:
    """All items of both splits, with ids such as `train/00017`.

    Raises:
        UsageError: CIFAR-10 is neither under `root` nor to be had, or is damaged.
    """
    files = _files(root, download, archive)
    pixels, labels, roles, ids = [], [], [], []
    class_names = _names(files, archive)
    for split in archive.batches:
        split_pixels, split_labels = _arrays(files, split, archive, len(class_names))
        pixels.append(split_pixels)
        labels.append(split_labels)
        roles += [split] * len(split_labels)
        ids += [f"{split}/{number:05d}" for number in range(len(split_labels))]
    # The planes are kept as they come, (n, 3, 32, 32): seen the other way they cost no copy.
    return Source.of_classes(
        ids=tuple(ids),
        labels=np.concatenate(labels),
        class_names=class_names,
        roles=tuple(roles),
        pixels=np.concatenate(pixels).transpose(0, 2, 3, 1),
    )


def load_raw_cifar10(
    root: Path, split: Literal["train", "test"], download: bool = False, archive: Archive = CIFAR10
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """One split as it is, to explore: (n, 32, 32, 3) pixels, (n,) labels, the ten names.

    Raises:
        UsageError: CIFAR-10 is neither under `root` nor to be had, or is damaged.
    """
    files = _files(Path(root), download, archive)
    class_names = _names(files, archive)
    pixels, labels = _arrays(files, split, archive, len(class_names))
    return np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)), labels, class_names


# ---------------------------------------------------------------- contents


def _arrays(
    files: Mapping[str, bytes], split: str, archive: Archive, classes: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(n, 3, 32, 32) pixels and (n,) labels of one split."""
    try:
        batches = [read_batch(files[name], values=3 * SIDE * SIDE, classes=classes) for name in archive.batches[split]]
    except BatchError as error:
        raise UsageError(f"CIFAR-10's {split} batches are no such batches: {error}") from error
    pixels = np.concatenate([pixels for pixels, _ in batches]).reshape(-1, 3, SIDE, SIDE)
    return pixels, np.concatenate([labels for _, labels in batches])


def _names(files: Mapping[str, bytes], archive: Archive) -> tuple[str, ...]:
    """The class names, which the archive has in alphabetical order."""
    try:
        return read_names(files[archive.names[0]])
    except BatchError as error:
        raise UsageError(f"CIFAR-10's {archive.names[0]} is no list of names: {error}") from error


# ---------------------------------------------------------------- files


def _files(root: Path, download: bool, archive: Archive) -> dict[str, bytes]:
    """The bytes of every member, from the folder, else from the archive, else from the network.

    Raises:
        UsageError: none of the three, or a file with another md5.
    """
    folder, packed = root / archive.folder, root / archive.file
    try:
        if all((folder / name).is_file() for name in archive.members()):
            return _checked({name: (folder / name).read_bytes() for name in archive.members()}, folder, archive)
        if not packed.is_file():
            if not download:
                raise _absent(root, archive, "data.download=false")
            _fetch(packed, archive)
        return _unpacked(packed, folder, archive)
    except OSError as error:
        raise UsageError(f"data.root={root} cannot be read: {error.strerror}: {error.filename}") from error


def _unpacked(packed: Path, folder: Path, archive: Archive) -> dict[str, bytes]:
    """The members of the archive, put beside it as well where that can be written."""
    content = packed.read_bytes()
    _check(content, archive.md5, packed)
    files = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            # Only known names, only plain files, and nothing is written where the archive says: it cannot lead astray.
            name = member.name.removeprefix(f"{archive.folder}/")
            stream = tar.extractfile(member) if name in archive.members() and member.isreg() else None
            if stream is not None:
                files[name] = stream.read()
    if missing := sorted(archive.members().keys() - files.keys()):
        raise UsageError(f"{packed} lacks {', '.join(missing)}: delete it and fetch {archive.address} again")
    _checked(files, packed, archive)
    try:
        folder.mkdir(exist_ok=True)
        for name, data in files.items():
            with atomic_file(folder / name) as stream:
                stream.write(data)
    except OSError as error:
        logger.info("%s stays packed, it is read again each time: %s", packed, error.strerror)
    return files


def _fetch(packed: Path, archive: Archive) -> None:
    """Download the archive, check it, move it into place.

    Raises:
        UsageError: no network, no room, or another file than expected.
    """
    logger.info("fetching %s", archive.address)
    try:
        packed.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(archive.address, timeout=SECONDS_TO_CONNECT) as answer:  # noqa: S310 - fixed address
            content = answer.read()
        if _md5(content) != archive.md5:
            raise _absent(packed.parent, archive, "fetching it gave another file")
        with atomic_file(packed) as stream:
            stream.write(content)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise _absent(packed.parent, archive, f"fetching it failed: {reason}") from error


def _absent(root: Path, archive: Archive, why: str) -> UsageError:
    return UsageError(
        f"data.root={root} holds no CIFAR-10 ({why}). Put {archive.file} there (md5 {archive.md5}, from "
        f"{archive.address}),\nor train on images of your own, data=folder data.root=DIR, or on the digits that need "
        "no download: bash run.sh demo"
    )


def _checked(files: dict[str, bytes], place: Path, archive: Archive) -> dict[str, bytes]:
    for name, md5 in archive.members().items():
        _check(files[name], md5, place / name)
    return files


def _check(content: bytes, md5: str, path: Path) -> None:
    """Compare with the md5 that is known.

    Raises:
        UsageError: it differs.
    """
    found = _md5(content)
    if found != md5:
        raise UsageError(f"{path} is damaged or another file: its md5 is {found}, not {md5}; delete it and start again")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
