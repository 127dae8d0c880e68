"""Opens the images and masks of a source: decoded once and kept where there is room, else decoded batch by batch."""

import os
from pathlib import Path
from typing import Literal

import numpy as np

from sightline.data.formats import FULL_WHITE
from sightline.data.image_file import is_deep
from sightline.data.reduction import Reduction
from sightline.data.sources.source import Source
from sightline.data.store.build import DecodeJob, decoded, loaded, scanned, stamp
from sightline.data.store.decode import IMAGE_CHANNELS
from sightline.data.store.decode_files import Progress
from sightline.data.store.decode_mask import MASK_CHANNELS
from sightline.data.store.entries import MaskFile, ScaledFile
from sightline.data.store.image_store import DiskStore, ImageStore, MemoryStore
from sightline.data.store.in_memory import images_in_memory, masks_in_memory
from sightline.data.store.index import Index
from sightline.data.store.mask_store import MaskStore
from sightline.data.store.stream import StreamStore
from sightline.data.targets import MaskCodes, MaskTarget, of_kind
from sightline.errors import RunFailedError
from sightline.machine.container import usable_cores
from sightline.machine.free_space import format_bytes, free_disk, free_memory, local_world_size
from sightline.machine.terminal import logger

Kind = Literal["auto", "memory", "disk", "stream"]

SAMPLED = 64
"""Images whose heads say whether there are any of more than 8 bits."""

MEMORY_SHARE, MOST_MEMORY, DISK_SHARE = 0.25, 0.9, 0.8
"""How much of what is free decoded images may take: of memory by themselves and when asked for, and of the disk."""


def open_store(
    source: Source,
    reduction: Reduction,
    cache: Path,
    workers: int | None,
    progress: Progress | None = None,
    kind: Kind = "auto",
    white: int = FULL_WHITE,
) -> ImageStore:
    """The images of a source; what was decoded or found out before is taken from the cache.

    A folder's name there is a hash of the ids, sizes and times of all files, so a changed file makes another store. An
    unreadable file is an error in the facts, never an exception.

    Args:
        source: what to decode. Pixels stay in memory, whatever `kind` says.
        reduction: what is kept of each image, and how large.
        cache: where stores are kept. Sources of pixels need none.
        workers: processes that decode; None: as many as there are usable cores, shared for batches by the processes
            that train together; 0: this process.
        progress: told after every few images.
        kind: where the decoded pixels are kept; `auto` takes memory where they fit, else disk, else stream, and says so
            in the log.
        white: see `decode_image`.

    Raises:
        RunFailedError: the cache cannot be written, the pixels do not fit where they are asked to be, or no worker can
            be started.
    """
    if source.pixels is not None:
        return images_in_memory(source.pixels, reduction)
    return _open(_job(source, reduction, cache, workers, progress, white), workers, kind)


def brightest_value(
    source: Source, reduction: Reduction, cache: Path, workers: int | None, progress: Progress | None = None
) -> int:
    """The largest value in a source's grey images of more than 8 bits; 0 where there are none.

    Every image is decoded for it, once, unless none of up to 64 evenly spread ones is of that kind.

    Args:
        source: the images.
        reduction: see `open_store`, as all that follow.
        cache: where what is found out is kept.
        workers: processes that decode.
        progress: told after every few images.
    """
    files = source.files or ()
    if not any(is_deep(os.fspath(path)) for path in files[:: max(1, len(files) // SAMPLED)]):
        return 0
    index = scanned(_job(source, reduction, cache, workers, progress, FULL_WHITE))
    return int(index.facts.brightest.max(initial=0))


def _job(
    source: Source, reduction: Reduction, cache: Path, workers: int | None, progress: Progress | None, white: int
) -> DecodeJob:
    """How the images of a source are decoded."""
    assert source.files is not None
    paths = [os.fspath(path) for path in source.files]
    files: list[str] | list[ScaledFile] = paths if white == FULL_WHITE else [ScaledFile(path, white) for path in paths]
    sizes, key = stamp(source.ids, files, reduction)
    cores = usable_cores() if workers is None else workers
    return DecodeJob(files, "images", IMAGE_CHANNELS, reduction, cache, cores, progress, sizes, key)


def open_masks(
    source: Source,
    images: ImageStore,
    cache: Path,
    workers: int | None,
    progress: Progress | None = None,
    kind: Kind = "auto",
) -> MaskStore | None:
    """The masks of a source, reduced as its images are; None where it has no target of masks.

    An image that cannot be read counts as one without a mask; a mask that cannot be used is an error of the store.

    Args:
        source: of the masks.
        images: the store of the same source's images.
        cache: see `open_store`, as all that follow.
        workers: processes that decode.
        progress: told after every few masks.
        kind: where the decoded masks are kept.

    Raises:
        RunFailedError: see `open_store`.
    """
    if source.masks is None:
        return None
    (name,) = of_kind(source.targets, MaskTarget)
    values = source.masks.values
    present = np.array([value is not None for value in values], dtype=bool) & (images.index.lengths > 0)
    rows = np.where(present, np.cumsum(present) - 1, -1)
    if arrays := {row: value for row, value in enumerate(values) if isinstance(value, np.ndarray) and present[row]}:
        return MaskStore(name, masks_in_memory(arrays, images.index), rows, source.masks.ignore_index)
    paths = {row: os.fspath(value) for row, value in enumerate(values) if isinstance(value, Path) and present[row]}
    codes = source.masks.codes
    files = [_mask_file(path, images.index, row, codes) for row, path in paths.items()]
    ids = [source.ids[row] for row in paths]
    sizes, key = stamp(ids, files, Reduction(), codes)
    cores = usable_cores() if workers is None else workers
    store = _open(
        DecodeJob(files, "masks", MASK_CHANNELS, Reduction(), cache, cores, progress, sizes, key), workers, kind
    )
    return MaskStore(name, store, rows, source.masks.ignore_index)


def _mask_file(path: str, images: Index, row: int, codes: MaskCodes) -> MaskFile:
    height, width = images.shapes[row].tolist()
    return MaskFile(path, int(images.facts.widths[row]), int(images.facts.heights[row]), height, width, codes)


def _open(job: DecodeJob, workers: int | None, kind: Kind) -> ImageStore:
    """A store of files, of the kind that is asked for, or that there is room for."""
    if kind == "stream" or (kind == "auto" and _too_large_for_the_disk(job)):
        share = max(1, usable_cores() // local_world_size()) if workers is None else workers
        return StreamStore(scanned(job), job.files, job.reduction, share)
    if kind == "memory" and not job.is_built:
        _must_fit(job.estimate(), job.noun)
    index, pixels = decoded(job)
    need = int(index.lengths.sum())
    if kind == "memory":
        _must_fit(need, job.noun)
    elif kind == "disk":
        return DiskStore(index, pixels)
    elif need > MEMORY_SHARE * (free := free_memory()):
        words = "data.store=disk: decoded, the %s take %s, too much of the %s of memory that are free"
        logger.info(words, job.noun, format_bytes(need), format_bytes(free))
        return DiskStore(index, pixels)
    return MemoryStore(*loaded(job))


def _too_large_for_the_disk(job: DecodeJob) -> bool:
    if job.is_built:
        return False
    need = job.estimate()
    free = free_disk(job.cache)
    if need <= DISK_SHARE * free:
        return False
    logger.info(
        "data.store=stream: decoded, the %s take about %s of the %s that are free under %s; "
        "they are decoded for every batch instead",
        job.noun,
        format_bytes(need),
        format_bytes(free),
        job.cache,
    )
    return True


def _must_fit(need: int, noun: str) -> None:
    free = free_memory()
    if need > MOST_MEMORY * free:
        raise RunFailedError(
            f"data.store=memory: decoded, the {noun} take {format_bytes(need)}, but {format_bytes(free)} of "
            "memory are free; data.store=disk needs none"
        )
