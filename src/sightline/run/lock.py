"""One writer a run: a lock that the operating system lets go when its process ends (docs/decisions/0022).

It is a byte-range lock of a file in the run folder, which network drives know too. Whoever only reads takes none.
"""

import fcntl
import json
import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sightline.errors import UsageError
from sightline.machine.provenance import now

logger = logging.getLogger(__name__)

LOCK: Final = ".lock"
"""The file of a run that its writer holds, and that says who that is."""
POLL_SECONDS: Final = 0.2

_held: set[Path] = set()
"""Folders that this process holds. It goes in again: a study and the run that it trains are written by one command."""


class HeldError(UsageError):
    """Another process writes into the run."""


@contextmanager
def one_writer(folder: Path, command: str, patience: float = 0.0) -> Iterator[None]:
    """Hold a run folder for writing.

    Args:
        folder: of the run, which exists.
        command: that writes, for whoever comes second.
        patience: seconds to wait for another writer.

    Raises:
        HeldError: another process writes into it, and which.
        UsageError: the folder cannot be written.
    """
    folder = folder.resolve()
    if folder in _held:
        yield
        return
    descriptor = _open(folder)
    try:
        _acquire(descriptor, folder, patience)
        _write_holder(
            descriptor, {"pid": os.getpid(), "host": socket.gethostname(), "since": now(), "command": command}
        )
        _held.add(folder)
        try:
            yield
        finally:
            _held.remove(folder)
            _write_holder(descriptor, None)
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    try:
        return os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UsageError(f"{folder / LOCK} cannot be opened for writing: {error.strerror}") from error


def _acquire(descriptor: int, folder: Path, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            if time.monotonic() >= until:
                raise HeldError(_refusal(folder, _read_holder(descriptor))) from None
            time.sleep(POLL_SECONDS)
        except OSError as error:
            logger.warning("%s cannot be locked: %s; start no other command on it", folder, error.strerror)
            return
        else:
            return


def _write_holder(descriptor: int, holder: Mapping[str, object] | None) -> None:
    """Say who holds the lock; a full disk is no reason not to hold it."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        if holder is not None:
            os.pwrite(descriptor, (json.dumps(holder) + "\n").encode(), 0)


def _read_holder(descriptor: int) -> Mapping[str, object]:
    """What the file says; nothing while its holder has not said it yet."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads(os.pread(descriptor, 1 << 16, 0))
        if isinstance(found, dict):
            return found
    return {}


def _refusal(folder: Path, holder: Mapping[str, object]) -> str:
    who = "another process"
    if holder:
        who = (
            f"process {holder.get('pid')} on {holder.get('host')} since {holder.get('since')}: {holder.get('command')}"
        )
    return f"{folder} is being written by {who}\nwait until it has ended, or end it; nothing was changed"
