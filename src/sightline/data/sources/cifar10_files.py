"""The files of CIFAR-10: found, unpacked or fetched, each with the md5 that is known of it."""

import hashlib
import http.client
import logging
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import calculate_md5, extract_archive

from sightline.errors import UsageError
from sightline.run.files import atomic_file

SECONDS_TO_CONNECT = 10.0

logger = logging.getLogger(__name__)


@contextmanager
def unpacked(root: Path, download: bool, data_set: type[CIFAR10]) -> Iterator[Path]:
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


def check_folder(root: Path, data_set: type[CIFAR10]) -> None:
    """Compare every file of the folder with the md5 that is known of it.

    Raises:
        UsageError: one differs.
    """
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
            for name in _missing(packed.parent, data_set):
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
