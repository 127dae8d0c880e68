"""A pass over many files in order, decoded by worker processes a few chunks ahead."""

from collections import deque
from collections.abc import Callable, Generator, Sequence

from sightline.data.reduction import LONGEST, Reduction
from sightline.data.store.decode import IMAGE_CHANNELS
from sightline.data.store.entries import File, Include, read_entries
from sightline.data.store.workers import Decoded, Pool

FEW_FILES = 200
"""Below this, starting processes costs more than they save."""

CHUNK_FILES = 256
CHUNK_BYTES = 1 << 20
CHUNK_DECODED_BYTES = 1 << 24

Progress = Callable[[int, int], None]
"""Called with how many images are decoded, and how many there are."""


def decode_files(
    files: Sequence[File], sizes: Sequence[int], reduction: Reduction, workers: int, include: Include = "all"
) -> Generator[Decoded, None, None]:
    """Decode files in order, a chunk at a time.

    Close the iterator to end the workers early.

    Args:
        files: images or masks.
        sizes: of the files, in bytes; only the cutting of chunks depends on them.
        reduction: of images.
        workers: processes; 0 or 1 decodes in this one.
        include: see `read_entries`.

    Raises:
        RunFailedError: a worker cannot be started.
    """
    chunks = _chunks(files, sizes, reduction.side, max(1, workers))
    if workers < 2 or len(files) < FEW_FILES:
        yield from (read_entries(chunk, reduction, include) for chunk in chunks)
        return
    workers = min(workers, len(chunks))
    pool = Pool(reduction, workers)
    try:
        waiting = deque(pool.submit(chunk, include) for chunk in chunks[: 2 * workers])
        for chunk in chunks[2 * workers :]:
            waiting.append(pool.submit(chunk, include))
            yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.close()


def _chunks(files: Sequence[File], sizes: Sequence[int], side: int | None, workers: int) -> list[list[File]]:
    """Consecutive files, few enough for every worker to get some and for one answer to stay small."""
    decoded = 1 if side is None else IMAGE_CHANNELS * LONGEST * side**2
    most = max(1, min(CHUNK_FILES, CHUNK_DECODED_BYTES // decoded, len(files) // (4 * workers)))
    chunks: list[list[File]] = []
    filled = CHUNK_BYTES
    for file, size in zip(files, sizes, strict=True):
        if filled >= CHUNK_BYTES or len(chunks[-1]) >= most:
            chunks.append([])
            filled = 0
        chunks[-1].append(file)
        filled += size
    return chunks
