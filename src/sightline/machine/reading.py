"""Reading files that a person names: regular files alone, links followed, and at most so many bytes.

A named pipe would wait for ever for who writes into it, a device such as `/dev/zero` never ends, and opening some
devices does something.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

MOST_BYTES: Final = 2**30
"""Of an image or a table; larger ones would fill the memory of small machines."""

KINDS: Final = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path | str) -> tuple[BinaryIO, int]:
    """A stream of a regular file's bytes, and how many it says that it has.

    Raises:
        OSError: it cannot be opened, or is no regular file; `strerror` says why.
    """
    _refuse_irregular(os.stat(path).st_mode)  # noqa: PTH116 - plain strings, for the sake of 60,000 of them
    # What took the file's place since then is opened without waiting.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        state = os.fstat(descriptor)
        _refuse_irregular(state.st_mode)
        return os.fdopen(descriptor, "rb"), state.st_size
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path | str, most: int = MOST_BYTES, limit: str = "") -> bytes:
    """The bytes of a regular file.

    No more are read than the file says that it has: files of `/proc`, some of which wait for ever, say 0.

    Args:
        path: of the file.
        most: bytes there may be.
        limit: the key that says so, if there is one.

    Raises:
        OSError: it cannot be read, is no regular file or too large; `strerror` says why.
    """
    stream, size = open_regular(path)
    with stream:
        if size > most:
            limit = limit or f"the {_megabytes(most)} that are read"
            raise OSError(errno.EFBIG, f"{_megabytes(size)} are more than {limit}")
        return stream.read(size)


def is_folder(path: Path | str) -> bool:
    """Whether there is a folder; not where links go round in a circle, or a name is too long for one."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for some of them


def is_file(path: Path | str) -> bool:
    """Whether there is a regular file; likewise."""
    return os.path.isfile(path)  # noqa: PTH113


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.2g} MB"


def _refuse_irregular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind} and no regular file")
