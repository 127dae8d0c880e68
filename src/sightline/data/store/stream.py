"""Images or masks decoded anew for every batch, by worker processes: for pixels that fit neither memory nor disk."""

import math
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.data.reduction import Reduction
from sightline.data.store.entries import Entry, File, path_of, read_entries
from sightline.data.store.image_store import ImageStore, Pixels
from sightline.data.store.index import Index
from sightline.data.store.workers import CRASHED, Decoded, Pool
from sightline.errors import RunFailedError

PIECES = 4
"""Of a batch for each worker: few enough to cost nothing, enough that none waits long for the slowest."""

PIECE_FILES = 64
"""At most; an answer stays small."""


class StreamStore(ImageStore):
    """Decodes the images of each batch, and makes sure that they are those the index was made of.

    Args:
        index: of the files.
        files: images or masks.
        reduction: of images.
        workers: processes that decode; 0: the thread that asks.
    """

    def __init__(self, index: Index, files: Sequence[File], reduction: Reduction, workers: int) -> None:
        super().__init__(index)
        self._files = files
        self._reduction = reduction
        self._workers = workers
        self._starting = threading.Lock()
        self._pool: Pool | None = None

    def _read(self, rows: NDArray[np.int64], images: Pixels) -> None:
        readable = np.flatnonzero(self.index.lengths[rows])
        size = min(PIECE_FILES, max(1, -(-len(readable) // (PIECES * max(1, self._workers)))))
        pieces = [readable[start : start + size] for start in range(0, len(readable), size)]
        for places, (entries, pixels) in zip(pieces, self._decoded([rows[piece] for piece in pieces]), strict=True):
            start = 0
            for place, entry in zip(places, entries, strict=True):
                self._check(int(rows[place]), entry)
                shape = (self.channels, entry.stored_height, entry.stored_width)
                stored = np.frombuffer(pixels, np.uint8, math.prod(shape), start)
                images[place, :, : shape[1], : shape[2]] = stored.reshape(shape)
                start += stored.size

    def _decoded(self, pieces: Sequence[NDArray[np.int64]]) -> Iterator[Decoded]:
        requests = [[self._files[row] for row in piece] for piece in pieces]
        if not self._workers:
            yield from (read_entries(files, self._reduction, "pixels") for files in requests)
            return
        pool = self._started()
        waiting = deque(pool.submit(files, "pixels") for files in requests)
        while waiting:
            yield waiting.popleft().result()

    def _started(self) -> Pool:
        """The workers; they start with the first batch, since whoever only looks at facts needs none."""
        with self._starting:
            if self._pool is None:
                self._pool = Pool(self._reduction, self._workers)
                weakref.finalize(self, self._pool.close)
            return self._pool

    def _check(self, row: int, entry: Entry) -> None:
        path = path_of(self._files[row])
        if entry == CRASHED:
            raise RunFailedError(f"the workers that decode {path} die again and again; data.workers=0 needs none")
        if not entry.hash:
            raise RunFailedError(f"{path} cannot be read any more: {entry.error}")
        if entry.hash != self.facts.hashes[row]:
            raise RunFailedError(f"{path} is not what it was when this run began; the data must not change meanwhile")
        if entry.error:
            raise RunFailedError(f"{path} cannot be decoded any more: {entry.error}")
