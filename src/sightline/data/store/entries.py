"""Files to entries and pixels, here or in a worker process; nothing of torch.

As a program (`python -m sightline.data.store.entries SIDE`) it answers lists of paths on its standard input until that
closes, so a worker ends when whoever started it ends, however that came about.
"""

import json
import os
import struct
import sys
import zlib
from collections.abc import Sequence
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sightline.data.formats import FULL_WHITE
from sightline.data.image_file import DecodeError, no_warnings
from sightline.data.reduction import Reduction
from sightline.data.store.decode import content_hash, decode_image
from sightline.data.store.decode_mask import decode_mask
from sightline.data.targets import MaskCodes
from sightline.machine.reading import read_regular

Include = Literal["all", "facts", "pixels"]
"""What is asked of files: whole entries and pixels, entries alone, or pixels and entries without sums and checksums."""

SUMMED_AT_ONCE = 2**18
"""Pixels; the float64 copies that the sums are taken from stay small."""

FRAME = struct.Struct("<QQ")
READY = b"ready"


class MaskFile(NamedTuple):
    """A mask, and what is known of the image that it must fit.

    Attributes:
        path: of the mask.
        width: of the original image, turned upright.
        height: likewise.
        stored_height: of the image's stored pixels.
        stored_width: likewise.
        codes: what stands for each class.
    """

    path: str
    width: int
    height: int
    stored_height: int
    stored_width: int
    codes: MaskCodes


class ScaledFile(NamedTuple):
    """An image whose grey of more than 8 bits, if it is that, has a white of its own.

    Attributes:
        path: of the image.
        white: see `decode_image`.
    """

    path: str
    white: int


File = str | ScaledFile | MaskFile
"""What is decoded: the path of an image, an image with its own white, or a mask."""


class Entry(NamedTuple):
    """What is known of one file.

    Attributes:
        hash: of its bytes; empty where they cannot be read.
        width: of the original, turned upright; like all that follows 0 or empty where there is an `error`.
        height: likewise.
        mode: of the original, in Pillow's words.
        stored_height: of the pixels.
        stored_width: likewise.
        sums: of the values of each channel, then of their squares; empty where not asked for.
        error: why there are no pixels.
        checksum: CRC-32 of the pixels as they are stored; None where not asked for.
        brightest: see `Picture`.
    """

    hash: str
    width: int
    height: int
    mode: str
    stored_height: int
    stored_width: int
    sums: list[int]
    error: str | None
    checksum: int | None = None
    brightest: int = 0


def unreadable(digest: str, why: str) -> Entry:
    """The entry of a file without pixels."""
    return Entry(digest, 0, 0, "", 0, 0, [], why)


def path_of(file: File) -> str:
    """Where a file lies."""
    return file if isinstance(file, str) else file.path


def read_entries(files: Sequence[File], reduction: Reduction, include: Include = "all") -> tuple[list[Entry], bytes]:
    """Decode files; their pixels come as one buffer, (c, h, w) after (c, h, w), with nothing of those unreadable."""
    with no_warnings():
        decoded = [_read(file, reduction, include) for file in files]
    return [entry for entry, _ in decoded], b"".join(pixels for _, pixels in decoded)


def _read(file: File, reduction: Reduction, include: Include) -> tuple[Entry, bytes]:
    digest = ""
    try:
        content = read_regular(path_of(file))
        digest = content_hash(content)
        if isinstance(file, MaskFile):
            stored_as = (file.stored_height, file.stored_width)
            picture = decode_mask(content, (file.width, file.height), stored_as, file.codes)
        else:
            picture = decode_image(content, reduction, white=FULL_WHITE if isinstance(file, str) else file.white)
    except (OSError, DecodeError) as error:
        return unreadable(digest, getattr(error, "strerror", None) or str(error)), b""
    height, width, channels = picture.pixels.shape
    stored = np.ascontiguousarray(picture.pixels.transpose(2, 0, 1))
    sums = [] if include == "pixels" else channel_sums(stored.reshape(channels, -1))
    checksum = None if include == "pixels" else zlib.crc32(stored.data)
    entry = Entry(
        *(digest, picture.width, picture.height, picture.mode, height, width, sums, None, checksum, picture.brightest)
    )
    return entry, b"" if include == "facts" else stored.tobytes()


def channel_sums(planes: NDArray[np.uint8]) -> list[int]:
    """The sums of the values of uint8 planes (c, n), then of their squares: (2c,)."""
    sums = np.zeros((2, len(planes)))
    for start in range(0, planes.shape[1], SUMMED_AT_ONCE):
        # Whole numbers far below 2^53: exact, in whatever order they are added.
        values = planes[:, start : start + SUMMED_AT_ONCE].astype(np.float64)
        sums += values.sum(axis=1), np.einsum("cn,cn->c", values, values)
    exact: list[int] = sums.astype(np.int64).ravel().tolist()
    return exact


# ---------------------------------------------------------------- the worker


def send(stream: IO[bytes], head: bytes, body: bytes = b"") -> None:
    """Write one message: two lengths, then both parts."""
    stream.write(FRAME.pack(len(head), len(body)))
    stream.write(head)
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Read one message; None where the stream ends, even in the middle of one."""
    lengths = stream.read(FRAME.size)
    if len(lengths) < FRAME.size:
        return None
    head, body = FRAME.unpack(lengths)
    parts = stream.read(head), stream.read(body)
    return parts if len(parts[0]) == head and len(parts[1]) == body else None


def _file_of(message: str | list[Any]) -> File:
    """A file as JSON gives it back."""
    if isinstance(message, str):
        return message
    if len(message) == len(ScaledFile._fields):
        return ScaledFile(*message)
    *known, (values, ids, are_colours) = message
    path, width, height, stored_height, stored_width = known
    codes = MaskCodes(tuple(values), tuple(ids), are_colours)
    return MaskFile(path, width, height, stored_height, stored_width, codes)


def _serve(reduction: Reduction) -> None:
    """Answer requests until the input closes."""
    # Nothing that a library prints may fall among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    send(answers, READY)
    while message := receive(sys.stdin.buffer):
        listed, include = json.loads(message[0])
        files = [_file_of(file) for file in listed]
        entries, pixels = read_entries(files, reduction, include)
        send(answers, json.dumps(entries).encode(), pixels)


if __name__ == "__main__":
    _serve(Reduction(*(int(word) or None for word in sys.argv[1:])))
