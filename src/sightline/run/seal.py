"""Digests of files, and a seal: the checksum of a zip file in the comment at its end, which its readers pass over.

Checkpoints and arrays are zip files. A seal tells every changed byte, a zip's own checksums only those of its members.
A file that others are made from has a digest as its seal, by which they know it; of one that only has to be whole,
such as the state of a training after each epoch, CRC-32 takes a quarter of the time.
"""

import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final, Literal, Protocol

from sightline.run.archives import DAMAGE

DIGITS: Final = 32
MAGIC: Final = b"sightline %-8s"
Kind = Literal["blake2b", "crc32"]


class Checksum(Protocol):
    """Takes in bytes, and sums them up."""

    def update(self, content: bytes | memoryview, /) -> None:
        """Take in what comes next."""

    def hexdigest(self) -> str:
        """The sum of all so far, in hexadecimal."""


class _Crc32:
    """CRC-32 with the interface of `hashlib`."""

    def __init__(self) -> None:
        self._sum = 0

    def update(self, content: bytes | memoryview) -> None:
        self._sum = zlib.crc32(content, self._sum)

    def hexdigest(self) -> str:
        return f"{self._sum:0{DIGITS}x}"


def _blake2b() -> Checksum:
    return blake2b(digest_size=DIGITS // 2)


KINDS: Final[Mapping[Kind, Callable[[], Checksum]]] = {"blake2b": _blake2b, "crc32": _Crc32}
HEAD: Final = len(MAGIC % b"")
COMMENT: Final = HEAD + DIGITS
LENGTH: Final = struct.pack("<H", COMMENT)
"""The last field of a zip file, before its comment."""
TAIL: Final = len(LENGTH) + COMMENT
END: Final = 22
"""Bytes of the record at the end of a zip file, without its comment."""
CHUNK: Final = 1 << 20


class SealingStream:
    """Passes on what a writer of zip files writes from beginning to end, and seals it.

    Args:
        stream: to write to.
        kind: of the seal.
    """

    def __init__(self, stream: BinaryIO, kind: Kind) -> None:
        self._stream = stream
        self._kind = kind
        self._checksum = KINDS[kind]()
        self._held = b""

    def write(self, content: bytes) -> int:
        """Write all but the last two bytes of what has come, which the seal replaces."""
        view = memoryview(content).cast("B")
        if len(view) < len(LENGTH):
            view = memoryview(self._held + view)
            self._held = b""
        for part in (self._held, view[: -len(LENGTH)]):
            self._checksum.update(part)
            self._stream.write(part)
        self._held = bytes(view[-len(LENGTH) :])
        return len(content)

    def flush(self) -> None:
        """Flush what was passed on."""
        self._stream.flush()

    def seal(self) -> None:
        """Write the end. Call it once, after all else."""
        self._stream.write(_tail(self._kind, self._checksum))


def sealed(content: bytes) -> bytes:
    """The bytes of a zip file without a comment, sealed by a digest."""
    head, digest = content[: -len(LENGTH)], _blake2b()
    digest.update(head)
    return head + _tail("blake2b", digest)


def digest_of(path: Path) -> str:
    """BLAKE2b of 128 bits, in hexadecimal: of a file sealed by it as it says, else of the content.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL))
        tail = stream.read()
        if _kind(tail) == "blake2b":
            return tail[-DIGITS:].decode("latin-1")
        stream.seek(0)
        return _summed("blake2b", stream, size).hexdigest()


def is_sealed(path: Path) -> bool:
    """Whether a file ends in a seal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, 2) - TAIL))
        return _kind(stream.read()) is not None


def damage(path: Path) -> str:
    """What is wrong with a file; empty where its seal holds, a zip file without one keeps its checksums, or it is none.

    Raises:
        OSError: it cannot be read.
    """
    return broken_seal(path) or ("" if is_sealed(path) else _damage_of_members(path))


def broken_seal(path: Path) -> str:
    """What is wrong with the seal of a file; empty where it holds, or there is none.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL - END))
        end = stream.read()
        tail = end[-TAIL:]
        kind = _kind(tail)
        if kind is None:
            return "its checksum cannot be read" if _was_sealed(end) else ""
        stream.seek(0)
        found = _summed(kind, stream, size - TAIL)
    return "" if tail == _tail(kind, found) else "its checksum is not the one that it was written with"


def _damage_of_members(path: Path) -> str:
    """What the checksums of a zip file without a seal say; nothing of other files."""
    if not zipfile.is_zipfile(path):
        return ""
    try:
        with zipfile.ZipFile(path) as archive:
            wrong = archive.testzip()
    except DAMAGE as error:
        return " ".join(str(error).split()) or type(error).__name__
    return f"the checksum of {wrong} in it is wrong" if wrong else ""


def _was_sealed(end: bytes) -> bool:
    """Whether the record at the end of a zip file speaks of a comment as long as a seal."""
    _, signature, record = end.rpartition(b"PK\x05\x06")
    return bool(signature) and (signature + record)[END - len(LENGTH) : END] == LENGTH


def _kind(tail: bytes) -> Kind | None:
    """What the end of a sealed file is sealed by; None of one that is not."""
    comment = tail[len(LENGTH) :]
    of_this = (kind for kind in KINDS if comment.startswith(MAGIC % kind.encode()))
    return next(of_this, None) if len(tail) == TAIL else None


def _tail(kind: Kind, checksum: Checksum) -> bytes:
    return LENGTH + MAGIC % kind.encode() + checksum.hexdigest().encode()


def _summed(kind: Kind, stream: BinaryIO, size: int) -> Checksum:
    """Of the next `size` bytes."""
    found = KINDS[kind]()
    while size > 0 and (chunk := stream.read(min(CHUNK, size))):
        found.update(chunk)
        size -= len(chunk)
    return found
