"""Decodes files once, and finds again what was decoded before."""

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray

from sightline.data.reduction import LONGEST, Reduction
from sightline.data.store.cache import built_once
from sightline.data.store.decode_files import Progress, decode_files
from sightline.data.store.entries import Entry, File, Include, path_of
from sightline.data.store.footprint import estimated_bytes
from sightline.data.store.index import Index
from sightline.data.targets import MaskCodes
from sightline.errors import RunFailedError
from sightline.machine.signals import check_stop
from sightline.machine.terminal import logger

VERSION = 4
"""Of the files and of what decoding does: a store of another version is built anew."""

PIXELS = "pixels.bin"

_VERIFIED: set[tuple[Path, int, int]] = set()
"""Files of pixels whose checksums this process has asked: where, which, and of when."""


@dataclass(frozen=True)
class DecodeJob:
    """Files, and how they are decoded.

    Attributes:
        files: images, or masks.
        noun: what they are called.
        channels: of the decoded pixels.
        reduction: of images.
        cache: where folders of decoded files are kept.
        workers: processes that decode; 0: this process.
        progress: told after every few files.
        sizes: of the files, in bytes.
        key: the name of their folder, see `stamp`.
    """

    files: Sequence[File]
    noun: str
    channels: int
    reduction: Reduction
    cache: Path
    workers: int
    progress: Progress | None
    sizes: Sequence[int]
    key: str

    @property
    def is_built(self) -> bool:
        """Whether the pixels were decoded before."""
        return (self.cache / self.key).is_dir()

    def estimate(self) -> int:
        """How many bytes the decoded pixels take, about."""
        return estimated_bytes(self.files, self.reduction)


def stamp(
    ids: Sequence[str], files: Sequence[File], reduction: Reduction, codes: MaskCodes | None = None
) -> tuple[list[int], str]:
    """The size of each file, and a hash of all a store depends on: ids, sizes, times, what is kept, versions."""
    states = []
    for file in files:
        fit = [] if isinstance(file, str) else [value for value in file[1:] if isinstance(value, int)]
        try:
            state = os.stat(path_of(file))  # noqa: PTH116 - plain strings, for the sake of 60,000 of them
        except OSError:
            states.append((-1, -1, -1, *fit))
        else:
            # Archives restore modification times, often all the same: the change time tells one extraction from
            # another.
            states.append((state.st_size, state.st_mtime_ns, state.st_ctime_ns, *fit))
    kept = [reduction.side, *([] if reduction.longest == LONGEST else [reduction.longest])]
    digest = blake2b(f"{VERSION} {PIL.__version__} {' '.join(map(str, kept))} {len(ids)}\0".encode(), digest_size=16)
    digest.update("\0".join(ids).encode())
    if codes is not None:
        digest.update(repr(codes).encode())
    digest.update(np.array(states, dtype="<i8").tobytes())
    return [state[0] for state in states], digest.hexdigest()


def decoded(job: DecodeJob) -> tuple[Index, Path]:
    """The index and the pixels of all files, decoded now unless they were before."""
    for _ in range(2):
        folder = built_once(job.cache, job.key, lambda place: _build(job, place, "all"))
        index = Index.load(folder, len(job.files))
        pixels = folder / PIXELS
        if index is not None and pixels.is_file() and pixels.stat().st_size == index.lengths.sum():
            return index, pixels
        # Damaged from outside: nobody else can read it either.
        shutil.rmtree(folder, ignore_errors=True)
    raise _misread(job.cache)


def loaded(job: DecodeJob) -> tuple[Index, NDArray[np.uint8]]:
    """The index, and the pixels of all files in memory; what is not as decoding left it is decoded anew.

    Checksums are asked once a process.
    """
    for _ in range(2):
        index, path = decoded(job)
        pixels = np.fromfile(path, dtype=np.uint8)
        state = path.stat()
        version = (path, state.st_ino, state.st_mtime_ns)
        if version in _VERIFIED or index.are_stored(pixels):
            _VERIFIED.add(version)
            return index, pixels
        logger.warning("decoded %s in %s are damaged; they are decoded anew", job.noun, path)
        shutil.rmtree(path.parent, ignore_errors=True)
    raise _misread(job.cache)


def scanned(job: DecodeJob) -> Index:
    """The index alone; that of decoded pixels serves as well."""
    index = Index.load(job.cache / job.key, len(job.files))
    if index is not None:
        return index
    for _ in range(2):
        folder = built_once(job.cache, f"{job.key}-index", lambda place: _build(job, place, "facts"))
        index = Index.load(folder, len(job.files))
        if index is not None:
            return index
        shutil.rmtree(folder, ignore_errors=True)
    raise _misread(job.cache)


def _misread(cache: Path) -> RunFailedError:
    return RunFailedError(f"what was decoded under {cache} does not read back as it was written: is the disk failing?")


def _build(job: DecodeJob, folder: Path, include: Include) -> None:
    """Decode every file once, and have what is asked for in `folder` before anybody can see it."""
    entries: list[Entry] = []
    chunks = decode_files(job.files, job.sizes, job.reduction, job.workers, include)
    with (folder / PIXELS).open("wb") as stream, closing(chunks):
        for chunk, pixels in chunks:
            check_stop()
            entries += chunk
            stream.write(pixels)
            if job.progress is not None:
                job.progress(len(entries), len(job.files))
        stream.flush()
        os.fsync(stream.fileno())
    Index.of(entries, job.channels).save(folder)
