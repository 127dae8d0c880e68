"""The errors a person can meet, each with the exit status of the command that raised it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_LETTERS = 2000
"""Of a message; what a file holds and a message quotes may be longer."""
OF_A_PATH = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.ENOTDIR, errno.EISDIR})
"""What the system says of paths that no file can have."""


class SightlineError(Exception):
    """Something a person can act on: the message says what is wrong and what to do, in one or two lines.

    Everything else that escapes is a defect of ours and keeps its traceback in the run's log.
    """

    status = 1

    def __str__(self) -> str:
        """The message; of one that quotes too much, the beginning and the end, where the remedy stands."""
        text = super().__str__()
        half = MOST_LETTERS // 2
        return text if len(text) <= MOST_LETTERS else f"{text[:half]} … {text[-half:]}"


class UsageError(SightlineError):
    """The command, the configuration or a path in it is wrong (exit status 2)."""

    status = 2


class TooFewError(UsageError):
    """There are too few items for what is asked; a stage that can do without goes on (exit status 2)."""


class RunFailedError(SightlineError):
    """The run could not go on (exit status 1)."""

    status = 1


class DivergedError(RunFailedError):
    """The loss of a step is not finite; the weights are as they were (exit status 1)."""


class DiskError(RunFailedError):
    """A disk is full, fails or may not be written: nothing of that is the fault of what was run (exit status 1)."""


class GateRefusedError(SightlineError):
    """A quality gate said no: data, parity or promotion (exit status 3)."""

    status = 3


class PrunedError(SightlineError):
    """Whoever watches a training has seen enough of it: a sweep, of a trial that is not worth its epochs."""


class LockedSplitError(SightlineError):
    """A stage that fits or chooses something asked for the labels of the test split (exit status 1)."""

    status = 1


@contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Have errors of the system within it say which file they are about: those of a write or a flush do not."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def refused_by_system(error: OSError) -> SightlineError:
    """What a person is told of a file that the system did not open or write; of no file, the error goes on.

    Raises:
        OSError: the error is about no file.
    """
    if error.filename is None:
        raise error
    name = str(error.filename)
    shown = name if len(name) <= 200 else f"{name[:100]}…"
    kind = UsageError if error.errno in OF_A_PATH else DiskError
    return kind(f"{shown} cannot be opened or written: {error.strerror}")
