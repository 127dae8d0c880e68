"""Folders that are built once and then only read, however many processes want them at the same time."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sightline.errors import DiskError
from sightline.machine.file_lock import try_lock

PREFIX, LOCK = ".building-", ".lock"


def built_once(cache: Path, key: str, build: Callable[[Path], None]) -> Path:
    """The folder `cache/key`; where it is missing, `build` fills a temporary folder, which is moved into place.

    Two builders at once both build; the one that comes second finds the folder there and drops its own.

    Raises:
        DiskError: the cache cannot be written, or the disk is full.
    """
    place = cache / key
    _remove_abandoned(cache)
    if place.is_dir():
        return place
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _temporary_folder(cache) as folder:
            build(folder)
            try:
                folder.rename(place)
            except OSError:
                if not place.is_dir():
                    raise
    except OSError as error:
        raise DiskError(
            f"decoded images cannot be kept under {cache}: {error.strerror or error}\n"
            "make room there, take another runs_dir, or take data.store=stream, which keeps no pixels"
        ) from error
    return place


@contextmanager
def _temporary_folder(cache: Path) -> Iterator[Path]:
    """A folder that goes away again, unless it was moved; its lock file says that its builder lives."""
    descriptor, lock = tempfile.mkstemp(prefix=PREFIX, suffix=LOCK, dir=cache)
    folder = Path(lock.removesuffix(LOCK))
    try:
        try_lock(descriptor)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        with suppress(OSError):  # what went wrong before says more
            Path(lock).unlink(missing_ok=True)
        os.close(descriptor)


def _remove_abandoned(cache: Path) -> None:
    """Remove what builders left behind that were killed: the system let go of their locks."""
    for lock in cache.glob(f"{PREFIX}*{LOCK}"):
        try:
            descriptor = os.open(lock, os.O_RDWR)
        except OSError:
            continue
        try:
            if try_lock(descriptor):
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
