"""Opens the images of a source: decoded once and kept where there is room for them, else decoded batch by batch."""

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np
import PIL
from PIL import Image

from sightline.data.sources.source import Source
from sightline.data.store.cache import built_once
from sightline.data.store.decode import content_hash, reduced
from sightline.data.store.entries import Entry, Wanted, channel_sums
from sightline.data.store.footprint import estimated_bytes
from sightline.data.store.image_store import DiskStore, ImageStore, MemoryStore
from sightline.data.store.index import ImageFacts, Index
from sightline.data.store.stream import StreamStore
from sightline.data.store.workers import Progress, decode_files
from sightline.errors import RunFailedError
from sightline.machine.container import usable_cores
from sightline.machine.free_space import free_disk, free_memory, in_words, processes_here
from sightline.machine.terminal import logger

VERSION = 2
"""Of the files and of what decoding does: a store of another version is built anew."""

PIXELS = "pixels.bin"

Kind = Literal["auto", "memory", "disk", "stream"]

MEMORY_SHARE, MOST_MEMORY, DISK_SHARE = 0.25, 0.9, 0.8
"""How much of what is free decoded images may take: of memory by themselves and when asked for, and of the disk."""


@dataclass(frozen=True)
class _Files:
    """The files of a source, and all that their store depends on.

    Attributes:
        sizes: in bytes.
        key: a hash of ids, sizes, times, side and versions.
    """

    paths: Sequence[str]
    sizes: Sequence[int]
    key: str
    side: int | None
    workers: int
    cache: Path
    progress: Progress | None


def open_store(
    source: Source,
    side: int | None,
    cache: Path,
    workers: int | None,
    progress: Progress | None = None,
    kind: Kind = "auto",
) -> ImageStore:
    """The images of a source; what was decoded or found out before is taken from the cache.

    A folder's name there is a hash of the ids, sizes and times of all files, so a changed file makes another store. An
    unreadable file is an error in the facts, never an exception.

    Args:
        source: what to decode. Pixels stay in memory, whatever `kind` says.
        side: shorter sides above it are reduced to it; None keeps every size.
        cache: where stores are kept. Sources of pixels need none.
        workers: processes that decode; None: as many as there are usable cores, shared for batches by the processes
            that train together; 0: this process.
        progress: told after every few images.
        kind: where the decoded pixels are kept; `auto` takes memory where they fit, else disk, else stream, and says so
            in the log.

    Raises:
        RunFailedError: the cache cannot be written, the pixels do not fit where they are asked to be, or no worker can
            be started.
    """
    if source.files is None:
        return _of_pixels(source, side)
    paths = [os.fspath(path) for path in source.files]
    sizes, key = _stamp(source.ids, paths, side)
    files = _Files(paths, sizes, key, side, usable_cores() if workers is None else workers, cache, progress)
    if kind == "stream" or (kind == "auto" and _too_large_for_the_disk(files)):
        share = max(1, usable_cores() // processes_here()) if workers is None else workers
        return StreamStore(_scanned(files), paths, side, share)
    if kind == "memory" and not (cache / key).is_dir():
        _must_fit(estimated_bytes(paths, side))
    index, pixels = _decoded(files)
    return _in_memory_or_on_disk(index, pixels, kind)


def _too_large_for_the_disk(files: _Files) -> bool:
    if (files.cache / files.key).is_dir():
        return False
    need, free = estimated_bytes(files.paths, files.side), free_disk(files.cache)
    if need <= DISK_SHARE * free:
        return False
    logger.info(
        "data.store=stream: decoded, the images take about %s of the %s that are free under %s; "
        "they are decoded for every batch instead",
        in_words(need),
        in_words(free),
        files.cache,
    )
    return True


def _must_fit(need: int) -> None:
    free = free_memory()
    if need > MOST_MEMORY * free:
        raise RunFailedError(
            f"data.store=memory: decoded, the images take {in_words(need)}, but {in_words(free)} of memory are free; "
            "data.store=disk needs none"
        )


def _in_memory_or_on_disk(index: Index, pixels: Path, kind: Kind) -> ImageStore:
    need = int(index.lengths.sum())
    if kind == "memory":
        _must_fit(need)
    elif kind == "disk":
        return DiskStore(index, pixels)
    elif need > MEMORY_SHARE * (free := free_memory()):
        words = "data.store=disk: decoded, the images take %s, too much of the %s of memory that are free"
        logger.info(words, in_words(need), in_words(free))
        return DiskStore(index, pixels)
    return MemoryStore(index, np.fromfile(pixels, dtype=np.uint8))


# ---------------------------------------------------------------- what is kept


def _stamp(ids: Sequence[str], paths: Sequence[str], side: int | None) -> tuple[list[int], str]:
    """The size of each file, and a hash of all that a store depends on."""
    states = []
    for path in paths:
        try:
            state = os.stat(path)  # noqa: PTH116 - plain strings, for the sake of 60,000 of them
        except OSError:
            states.append((-1, -1, -1))
        else:
            # Archives restore modification times, often all the same: the change time tells one extraction from
            # another.
            states.append((state.st_size, state.st_mtime_ns, state.st_ctime_ns))
    digest = blake2b(f"{VERSION} {PIL.__version__} {side} {len(ids)}\0".encode(), digest_size=16)
    digest.update("\0".join(ids).encode())
    digest.update(np.array(states, dtype="<i8").tobytes())
    return [size for size, _, _ in states], digest.hexdigest()


def _decoded(files: _Files) -> tuple[Index, Path]:
    """The index and the pixels of all files, decoded now unless they were before."""
    for _ in range(2):
        folder = built_once(files.cache, files.key, lambda place: _pass(files, place, "all"))
        index, pixels = Index.load(folder, len(files.paths)), folder / PIXELS
        if index is not None and pixels.is_file() and pixels.stat().st_size == index.lengths.sum():
            return index, pixels
        # Damaged from outside: nobody else can read it either.
        shutil.rmtree(folder, ignore_errors=True)
    raise _misread(files.cache)


def _scanned(files: _Files) -> Index:
    """The index alone; that of decoded pixels serves as well."""
    index = Index.load(files.cache / files.key, len(files.paths))
    if index is not None:
        return index
    for _ in range(2):
        folder = built_once(files.cache, f"{files.key}-index", lambda place: _pass(files, place, "facts"))
        index = Index.load(folder, len(files.paths))
        if index is not None:
            return index
        shutil.rmtree(folder, ignore_errors=True)
    raise _misread(files.cache)


def _misread(cache: Path) -> RunFailedError:
    return RunFailedError(f"what was decoded under {cache} does not read back as it was written: is the disk failing?")


def _pass(files: _Files, folder: Path, wanted: Wanted) -> None:
    """Decode every file once, and have what is wanted in `folder` before anybody can see it."""
    entries: list[Entry] = []
    chunks = decode_files(files.paths, files.sizes, files.side, files.workers, wanted)
    with (folder / PIXELS).open("wb") as stream, closing(chunks):
        for decoded, pixels in chunks:
            entries += decoded
            stream.write(pixels)
            if files.progress is not None:
                files.progress(len(entries), len(files.paths))
        stream.flush()
        os.fsync(stream.fileno())
    Index.of(entries).save(folder)


# ---------------------------------------------------------------- images that were never files


def _of_pixels(source: Source, side: int | None) -> ImageStore:
    pixels = source.pixels
    assert pixels is not None
    count, height, width, _ = pixels.shape
    facts = ImageFacts(
        hashes=tuple(content_hash(np.ascontiguousarray(image).tobytes()) for image in pixels),
        widths=np.full(count, width, dtype=np.int32),
        heights=np.full(count, height, dtype=np.int32),
        modes=("RGB",) * count,
        errors={},
    )
    if count and (max(height, width) > 2 * min(height, width) or (side is not None and min(height, width) > side)):
        pixels = np.stack([np.asarray(reduced(Image.fromarray(image), side)) for image in pixels])
    planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    shapes = np.tile(np.array(pixels.shape[1:3], dtype=np.int32), (count, 1))
    sums = np.array([channel_sums(image.reshape(3, -1)) for image in planes], dtype=np.int64).reshape(-1, 2, 3)
    return MemoryStore(Index(facts, shapes, sums), planes.reshape(-1))
