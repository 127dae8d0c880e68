"""What decoding found out about every image, kept in one file beside the pixels, or without any."""

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sightline.data.store.entries import Entry
from sightline.run.archives import read_npz
from sightline.run.files import npz
from sightline.run.seal import broken_seal

FILE = "index.npz"


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
        brightest: (n,) int32, the largest value of grey of more than 8 bits; 0 of all other images.
    """

    hashes: tuple[str, ...]
    widths: NDArray[np.int32]
    heights: NDArray[np.int32]
    modes: tuple[str, ...]
    errors: dict[int, str]
    brightest: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Index:
    """The facts of the originals, and what is known of the pixels they are stored as.

    Attributes:
        facts: of the originals.
        shapes: (n, 2) int32 stored heights and widths; zeros where unreadable.
        sums: (n, 2, channels) int64 of the stored values of each channel, and of their squares.
        checksums: (n,) uint32 CRC-32 of the stored pixels, zeros where unreadable; None where they are not known.
    """

    facts: ImageFacts
    shapes: NDArray[np.int32]
    sums: NDArray[np.int64]
    checksums: NDArray[np.uint32] | None = None

    def __len__(self) -> int:
        return len(self.shapes)

    @property
    def channels(self) -> int:
        """How many numbers a stored pixel has: 3 of images, 1 of masks."""
        return int(self.sums.shape[2])

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(n,) bytes of each stored image."""
        lengths: NDArray[np.int64] = self.channels * self.shapes.astype(np.int64).prod(axis=1)
        return lengths

    def is_stored(self, row: int, pixels: NDArray[np.uint8]) -> bool:
        """Whether these are the pixels (c, h, w) of an image as decoding left them, as far as its checksum tells."""
        return self.checksums is None or zlib.crc32(pixels.data) == self.checksums[row]

    def are_stored(self, pixels: NDArray[np.uint8]) -> bool:
        """The same of the pixels of all images, flat, one after the other."""
        ends = np.cumsum(self.lengths).tolist()
        starts = [0, *ends[:-1]]
        return all(
            self.is_stored(row, pixels[start:end])
            for row, (start, end) in enumerate(zip(starts, ends, strict=True))
            if end > start
        )

    @classmethod
    def of(cls, entries: Sequence[Entry], channels: int) -> Self:
        """The index of these files, in order, whose stored pixels have so many channels."""
        columns = list(zip(*entries, strict=True)) if entries else [()] * len(Entry._fields)
        hashes, widths, heights, modes, stored_heights, stored_widths, sums, errors, checksums, brightest = columns
        facts = ImageFacts(
            hashes=hashes,
            widths=np.array(widths, dtype=np.int32),
            heights=np.array(heights, dtype=np.int32),
            modes=modes,
            errors={position: why for position, why in enumerate(errors) if why},
            brightest=np.array(brightest, dtype=np.int32),
        )
        shapes = np.array([stored_heights, stored_widths], dtype=np.int32).T
        known = [values or [0] * 2 * channels for values in sums]
        exact = np.array(known, dtype=np.int64).reshape(-1, 2, channels)
        readable = [checksum for checksum, why in zip(checksums, errors, strict=True) if not why]
        crc = None if None in readable else np.array([checksum or 0 for checksum in checksums], dtype=np.uint32)
        return cls(facts, np.ascontiguousarray(shapes), exact, crc)

    def save(self, folder: Path) -> None:
        """Write the index into a folder, and have it on the disk."""
        facts = self.facts
        arrays = {
            "hashes": np.array(facts.hashes, dtype="S32"),
            "sizes": np.array([facts.widths, facts.heights]),
            "modes": np.array(facts.modes, dtype="S"),
            "errors": np.frombuffer(json.dumps(facts.errors).encode(), dtype=np.uint8),
            "brightest": facts.brightest,
            "shapes": self.shapes,
            "sums": self.sums,
        }
        if self.checksums is not None:
            arrays["checksums"] = self.checksums
        with (folder / FILE).open("wb") as stream:
            stream.write(npz(arrays))
            stream.flush()
            os.fsync(stream.fileno())

    @classmethod
    def load(cls, folder: Path, count: int) -> Self | None:
        """Read what `save` wrote; None where it is not there, damaged, or not of `count` images."""
        try:
            if broken_seal(folder / FILE):
                return None
            stored = read_npz(folder / FILE)
            facts = ImageFacts(
                hashes=tuple(stored["hashes"].astype("U32").tolist()),
                widths=stored["sizes"][0],
                heights=stored["sizes"][1],
                modes=tuple(stored["modes"].astype(np.str_).tolist()),
                errors={int(key): why for key, why in json.loads(stored["errors"].tobytes()).items()},
                brightest=stored["brightest"],
            )
            index = cls(facts, np.ascontiguousarray(stored["shapes"]), stored["sums"], stored.get("checksums"))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return index if len(index) == count else None
