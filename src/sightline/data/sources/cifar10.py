"""CIFAR-10 as torchvision reads it: from its folder or archive under a root, else fetched.

Krizhevsky, "Learning multiple layers of features from tiny images" (2009). The files are pickles, which could run any
code: torchvision compares each with its published md5 before it opens it, and only those of torchvision's own class are
ever asked for.
"""

import hashlib
import http.client
import logging
import tarfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import calculate_md5, extract_archive

from sightline.data.sources.source import Source
from sightline.errors import UsageError
from sightline.run.files import atomic_file

SECONDS_TO_CONNECT = 10.0

logger = logging.getLogger(__name__)


def find_cifar10(root: Path, download: bool, data_set: type[CIFAR10] = CIFAR10) -> Source:
    """All items of both splits, with ids such as `train/00017`.

    Args:
        root: of the folder or the archive.
        download: whether to fetch the archive where it is not there.
        data_set: torchvision's class, which knows names and md5 of the files.

    Raises:
        UsageError: CIFAR-10 is neither under `root` nor to be had, or is damaged.
    """
    splits = _read(root, ("train", "test"), download, data_set)
    # The planes are kept as they come, (n, 3, 32, 32): seen the other way they cost no copy.
    planes = np.concatenate([split.data.transpose(0, 3, 1, 2) for split in splits.values()])
    return Source.of_classes(
        ids=tuple(f"{name}/{number:05d}" for name, split in splits.items() for number in range(len(split))),
        labels=np.array([label for split in splits.values() for label in split.targets], dtype=np.int64),
        class_names=tuple(splits["train"].classes),
        roles=tuple(name for name, split in splits.items() for _ in range(len(split))),
        pixels=planes.transpose(0, 2, 3, 1),
    )


def load_raw_cifar10(
    root: Path, split: Literal["train", "test"], download: bool = False, data_set: type[CIFAR10] = CIFAR10
) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """One split as it is, to explore: (n, 32, 32, 3) pixels, (n,) labels, the ten names.

    Raises:
        UsageError: CIFAR-10 is neither under `root` nor to be had, or is damaged.
    """
    found = _read(Path(root), (split,), download, data_set)[split]
    return np.ascontiguousarray(found.data), np.array(found.targets, dtype=np.int64), tuple(found.classes)


def _read(root: Path, splits: Sequence[str], download: bool, data_set: type[CIFAR10]) -> dict[str, CIFAR10]:
    """Splits by name.

    Raises:
        UsageError: there is neither folder, nor archive, nor network, or a file is damaged or cannot be read.
    """
    try:
        with _unpacked(root, download, data_set) as place:
            try:
                return {split: data_set(place, train=split == "train") for split in splits}
            except RuntimeError:  # torchvision's word for another md5; ours says of which file
                _check_folder(place, data_set)
                raise
    except OSError as error:
        raise UsageError(f"data.root={root} cannot be read: {error.strerror}: {error.filename}") from error


# ---------------------------------------------------------------- files


@contextmanager
def _unpacked(root: Path, download: bool, data_set: type[CIFAR10]) -> Iterator[Path]:
    """The root, or a temporary one, whose folder holds every file; unpacked and fetched where it has to be."""
    packed = root / data_set.filename
    if _missing(root, data_set):
        if not packed.is_file():
            if not download:
                raise _absent(root, data_set, "data.download=false")
            _fetch(packed, data_set)
        _check(packed, data_set.tgz_md5)
        if not _unpacked_beside(packed, data_set):
            with TemporaryDirectory() as place:
                _unpack(packed, Path(place), data_set)
                yield Path(place)
            return
    yield root


def _members(data_set: type[CIFAR10]) -> dict[str, str]:
    """Every file of the folder that is read, and its md5."""
    return dict([*data_set.train_list, *data_set.test_list, (data_set.meta["filename"], data_set.meta["md5"])])


def _missing(root: Path, data_set: type[CIFAR10]) -> list[str]:
    return sorted(name for name in _members(data_set) if not (root / data_set.base_folder / name).is_file())


def _check_folder(root: Path, data_set: type[CIFAR10]) -> None:
    for name, md5 in _members(data_set).items():
        _check(root / data_set.base_folder / name, md5)


def _check(path: Path, md5: str) -> None:
    """Compare with the md5 that is known.

    Raises:
        UsageError: it differs.
    """
    found = calculate_md5(path)
    if found != md5:
        raise UsageError(f"{path} is damaged or another file: its md5 is {found}, not {md5}; delete it and start again")


def _unpacked_beside(packed: Path, data_set: type[CIFAR10]) -> bool:
    """Whether the files of an archive could be put beside it, each of them whole or not at all."""
    folder = packed.parent / data_set.base_folder
    try:
        with TemporaryDirectory(dir=packed.parent) as place:
            _unpack(packed, Path(place), data_set)
            folder.mkdir(exist_ok=True)
            for name in _members(data_set):
                (Path(place) / data_set.base_folder / name).replace(folder / name)
    except OSError as error:
        logger.info("%s stays packed, it is unpacked again each time: %s", packed, error.strerror)
        return False
    return True


def _unpack(packed: Path, place: Path, data_set: type[CIFAR10]) -> None:
    """Unpack an archive whose md5 is the right one.

    Raises:
        UsageError: it is not the archive of this data set all the same.
    """
    again = f"delete it and fetch {data_set.url} again"
    try:
        extract_archive(packed, place)
    except tarfile.TarError as error:
        raise UsageError(f"{packed} cannot be unpacked: {error}; {again}") from error
    if missing := _missing(place, data_set):
        raise UsageError(f"{packed} lacks {', '.join(missing)}: {again}")


def _fetch(packed: Path, data_set: type[CIFAR10]) -> None:
    """Download the archive, and move it into place once it is whole; torchvision's own way may hang without a network.

    Raises:
        UsageError: no network, no room, or another file than expected.
    """
    logger.info("fetching %s", data_set.url)
    try:
        packed.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(data_set.url, timeout=SECONDS_TO_CONNECT) as answer:  # noqa: S310 - fixed address
            content = answer.read()
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != data_set.tgz_md5:
            raise _absent(packed.parent, data_set, "fetching it gave another file")
        with atomic_file(packed) as stream:
            stream.write(content)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise _absent(packed.parent, data_set, f"fetching it failed: {reason}") from error


def _absent(root: Path, data_set: type[CIFAR10], why: str) -> UsageError:
    return UsageError(
        f"data.root={root} holds no CIFAR-10 ({why}). Put {data_set.filename} there (md5 {data_set.tgz_md5}, from "
        f"{data_set.url}),\nor train on images of your own, data=folder data.root=DIR, or on the digits that need "
        "no download: bash run.sh demo"
    )
