"""Every image decoded once: 8-bit pixels in one flat file, read to memory where they fit, else mapped."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import PIL
import psutil
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sightline.data.cache import built_once
from sightline.data.decode import Entry, content_hash, reduced
from sightline.data.sources import Source
from sightline.data.workers import decode_files
from sightline.errors import RunFailedError
from sightline.runtime import usable_cores

VERSION = 1
"""Of the files and of what decoding does: a store of another version is built anew."""

PIXELS, INDEX = "pixels.bin", "index.npz"

Progress = Callable[[int, int], None]
"""Called with how many images are decoded, and how many there are."""


@dataclass(frozen=True, eq=False)
class ImageFacts:
    """What decoding found out about each image.

    Attributes:
        hashes: of the file's bytes, or of the pixels where there is no file: BLAKE2b of 128 bits in hexadecimal;
            empty where not even the bytes could be read.
        widths: (n,) int32, of the original turned upright; 0 where unreadable.
        heights: likewise.
        modes: Pillow's, of the original; empty where unreadable.
        errors: why an image is unreadable, by its position.
    """

    hashes: tuple[str, ...]
    widths: NDArray[np.int32]
    heights: NDArray[np.int32]
    modes: tuple[str, ...]
    errors: dict[int, str]


class ImageStore:
    """Decoded images.

    Args:
        facts: about each of the n images.
        shapes: (n, 2) int32 stored heights and widths; zeros where unreadable.
        pixels: uint8, flat: (3, height, width) of each image after the other.
    """

    def __init__(self, facts: ImageFacts, shapes: NDArray[np.int32], pixels: NDArray[np.uint8]) -> None:
        self.facts = facts
        self._shapes = shapes
        self._pixels = pixels
        lengths = 3 * shapes.astype(np.int64).prod(axis=1)
        self._offsets = np.cumsum(lengths) - lengths
        readable = shapes[lengths > 0]
        self._range = (readable.min(axis=0), readable.max(axis=0)) if len(readable) else (np.zeros(2, np.int32),) * 2

    @property
    def uniform(self) -> bool:
        """Whether all readable images are stored in one shape."""
        return bool((self._range[0] == self._range[1]).all())

    def __len__(self) -> int:
        return len(self._shapes)

    def shape_range(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Smallest and largest height and width of the stored images, zeros where there are none."""
        low, high = self._range
        return (int(low[0]), int(low[1])), (int(high[0]), int(high[1]))

    def batch(self, indices: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Images at these positions, as uint8 (B, 3, H, W), and their (B, 2) int32 heights and widths.

        Where shapes differ, zeros fill each image up to the largest, at its right and bottom.
        """
        sizes = self._shapes[indices]
        if len(self._pixels) and self.uniform and (sizes == self._range[0]).all():
            height, width = self._range[0].tolist()
            rows = self._offsets[indices] // (3 * height * width)
            return torch.from_numpy(self._pixels.reshape(-1, 3, height, width)[rows]), torch.from_numpy(sizes)
        batch = np.zeros((len(sizes), 3, *sizes.max(axis=0, initial=1)), dtype=np.uint8)
        for row, (start, (height, width)) in enumerate(zip(self._offsets[indices], sizes, strict=True)):
            image = self._pixels[start : start + 3 * int(height) * int(width)]
            batch[row, :, :height, :width] = image.reshape(3, height, width)
        return torch.from_numpy(batch), torch.from_numpy(sizes)


def open_store(
    source: Source, side: int | None, cache: Path, workers: int | None, progress: Progress | None = None
) -> ImageStore:
    """The decoded images of a source, from the cache where they are there, else decoded now and kept there.

    The folder's name is a hash of the ids, sizes and times of all files, so a changed file makes another store. An
    unreadable file is an error in the facts, never an exception.

    Args:
        source: what to decode.
        side: shorter sides above it are reduced to it; None keeps every size.
        cache: where stores are kept. Sources of pixels need none.
        workers: processes that decode; None: as many as there are usable cores; 0: this process.
        progress: told after every few images.

    Raises:
        RunFailedError: the cache cannot be written, or no worker can be started.
    """
    if source.files is None:
        return _of_pixels(source, side)
    paths = [os.fspath(path) for path in source.files]
    sizes, key = _stamp(source.ids, paths, side)
    count = usable_cores() if workers is None else workers

    def build(folder: Path) -> None:
        _build(folder, paths, sizes, side, count, progress)

    for _ in range(2):
        folder = built_once(cache, key, build)
        store = _load(folder, len(source))
        if store is not None:
            return store
        # Damaged from outside: nobody else can read it either.
        shutil.rmtree(folder, ignore_errors=True)
    raise RunFailedError(f"decoded images under {cache} do not read back as they were written: is the disk failing?")


def _of_pixels(source: Source, side: int | None) -> ImageStore:
    """A store of images that were never files."""
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
    return ImageStore(facts, shapes, planes.reshape(-1))


# ---------------------------------------------------------------- files


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


def _build(
    folder: Path, paths: Sequence[str], sizes: Sequence[int], side: int | None, workers: int, progress: Progress | None
) -> None:
    """Decode every file into `folder`, and have it on the disk before anybody can see it."""
    entries: list[Entry] = []
    with (folder / PIXELS).open("wb") as stream, closing(decode_files(paths, sizes, side, workers)) as chunks:
        for decoded, pixels in chunks:
            entries += decoded
            stream.write(pixels)
            if progress is not None:
                progress(len(entries), len(paths))
        stream.flush()
        os.fsync(stream.fileno())
    columns = list(zip(*entries, strict=True)) if entries else [()] * len(Entry._fields)
    hashes, widths, heights, modes, stored_heights, stored_widths, errors = columns
    with (folder / INDEX).open("wb") as stream:
        np.savez(
            stream,
            hashes=np.array(hashes, dtype="S32"),
            sizes=np.array([widths, heights], dtype=np.int32),
            modes=np.array(modes, dtype="S"),
            shapes=np.array([stored_heights, stored_widths], dtype=np.int32).T,
            errors=np.frombuffer(json.dumps({i: why for i, why in enumerate(errors) if why}).encode(), dtype=np.uint8),
        )
        stream.flush()
        os.fsync(stream.fileno())


def _load(folder: Path, count: int) -> ImageStore | None:
    """Open a store that was built; None where its files are not what was written."""
    try:
        with np.load(folder / INDEX, allow_pickle=False) as index:
            shapes = np.ascontiguousarray(index["shapes"])
            facts = ImageFacts(
                hashes=tuple(index["hashes"].astype("U32").tolist()),
                widths=index["sizes"][0],
                heights=index["sizes"][1],
                modes=tuple(index["modes"].astype(np.str_).tolist()),
                errors={int(key): why for key, why in json.loads(index["errors"].tobytes()).items()},
            )
        expected = 3 * int(shapes.astype(np.int64).prod(axis=1).sum())
        if len(shapes) != count or (folder / PIXELS).stat().st_size != expected:
            return None
        return ImageStore(facts, shapes, _pixels(folder / PIXELS, expected))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _pixels(path: Path, length: int) -> NDArray[np.uint8]:
    """The flat file, in memory where that takes less than a quarter of what is free."""
    if length * 4 < psutil.virtual_memory().available:
        return np.fromfile(path, dtype=np.uint8)
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
