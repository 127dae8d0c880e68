"""Standard output and standard error that may be closed, full, or read by nobody any more."""

import errno
import os
import sys
from contextlib import suppress
from typing import Final, TextIO

from sightline.errors import RunFailedError

_NOBODY_READS: Final = frozenset({errno.EPIPE, errno.EIO})
"""A reader that has gone, as `head` does, and a terminal that was closed: no fault of the command."""


class StandardOutput:
    """Whatever `sys.stdout` is at the moment, for rich; what cannot be written is left out and noted."""

    def __init__(self) -> None:
        self._failure: OSError | None = None

    @property
    def _stream(self) -> TextIO | None:
        """Beneath what rich puts in its place while a bar is shown, which would write here again."""
        found: TextIO | None = getattr(sys.stdout, "rich_proxied_file", sys.stdout)
        return found

    def write(self, text: str) -> int:
        """Write, if that can be."""
        try:
            return self._stream.write(text) if self._stream else 0
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Send on what was written."""
        try:
            if self._stream:
                self._stream.flush()
        except OSError as error:
            self._lose(error)

    def isatty(self) -> bool:
        """Whether a person looks on."""
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        """The descriptor; rich asks it for the width."""
        if self._stream is None:
            raise OSError(errno.EBADF, "standard output is closed")
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """What letters can be shown."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def check_written(self) -> None:
        """Refuse to call done what nobody could read.

        Raises:
            RunFailedError: something that a command prints as its answer could not be written.
        """
        failure, self._failure = self._failure, None
        if failure is not None:
            raise RunFailedError(f"standard output cannot be written: {failure.strerror}")

    def _lose(self, error: OSError) -> None:
        if error.errno not in _NOBODY_READS:
            self._failure = error
        if self._stream:
            divert(self._stream)


def open_closed() -> None:
    """Give descriptors 0, 1 and 2 to nowhere where they are closed: the next file would get them, and what C writes."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def divert(stream: TextIO) -> None:
    """Send a stream to nowhere, with what it still holds: Python would complain of it at its end."""
    with suppress(OSError, ValueError):  # no file beneath it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def complain(line: str) -> None:
    """Write a line to standard error, if that can be."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(line)
            sys.stderr.flush()
        except OSError:
            divert(sys.stderr)
