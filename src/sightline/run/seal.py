"""Digests of files, and a seal: the digest of a zip file in the comment at its end, which its readers pass over.

Checkpoints and arrays are zip files. A seal tells every changed byte, a zip's own checksums only those of its members.
"""

import struct
import zipfile
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final

from sightline.run.archives import DAMAGE

MAGIC: Final = b"sightline blake2b "
DIGITS: Final = 32
COMMENT: Final = len(MAGIC) + DIGITS
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
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = blake2b(digest_size=DIGITS // 2)
        self._held = b""

    def write(self, content: bytes) -> int:
        """Write all but the last two bytes of what has come, which the seal replaces."""
        view = memoryview(content).cast("B")
        if len(view) < len(LENGTH):
            view = memoryview(self._held + view)
            self._held = b""
        for part in (self._held, view[: -len(LENGTH)]):
            self._digest.update(part)
            self._stream.write(part)
        self._held = bytes(view[-len(LENGTH) :])
        return len(content)

    def flush(self) -> None:
        """Flush what was passed on."""
        self._stream.flush()

    def seal(self) -> None:
        """Write the end. Call it once, after all else."""
        self._stream.write(_tail(self._digest.hexdigest()))


def sealed(content: bytes) -> bytes:
    """The bytes of a zip file without a comment, sealed."""
    head = content[: -len(LENGTH)]
    return head + _tail(blake2b(head, digest_size=DIGITS // 2).hexdigest())


def digest_of(path: Path) -> str:
    """BLAKE2b of 128 bits, in hexadecimal: of a sealed file as it says, else of its content.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL))
        if said := _said(stream.read()):
            return said
        stream.seek(0)
        return _digest(stream, size)


def is_sealed(path: Path) -> bool:
    """Whether a file says its digest.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, 2) - TAIL))
        return _said(stream.read()) is not None


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
        if _said(tail) is None:
            return "its checksum cannot be read" if _was_sealed(end) else ""
        stream.seek(0)
        found = _digest(stream, size - TAIL)
    return "" if tail == _tail(found) else "its checksum is not the one that it was written with"


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


def _said(tail: bytes) -> str | None:
    """The digest in the end of a sealed file."""
    comment = tail[len(LENGTH) :]
    if len(tail) < TAIL or not comment.startswith(MAGIC):
        return None
    return comment[len(MAGIC) :].decode("latin-1")


def _tail(digest: str) -> bytes:
    return LENGTH + MAGIC + digest.encode()


def _digest(stream: BinaryIO, size: int) -> str:
    """Of the next `size` bytes."""
    found = blake2b(digest_size=DIGITS // 2)
    while size > 0 and (chunk := stream.read(min(CHUNK, size))):
        found.update(chunk)
        size -= len(chunk)
    return found.hexdigest()
