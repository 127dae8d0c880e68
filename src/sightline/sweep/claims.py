"""Who works on what: locks that the operating system or the database lets go the moment a process dies.

A trial whose lock can be had is nobody's, so it may be gone on with at once. There is no heartbeat to wait for, and a
process that was only slow loses nothing (docs/decisions/0022).
"""

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from sightline.errors import RunFailedError

_STUDY, _FINISH, _FIRST = 0, 1, 2
"""Numbers of the locks: the study as a whole, what comes after the trials, then one for each trial."""


class StorageLostError(RunFailedError):
    """The storage does not answer any more."""


class Claims(Protocol):
    """The locks of one study."""

    def study(self) -> AbstractContextManager[None]:
        """Hold the study as a whole for a moment, waiting for whoever holds it."""

    def take(self, trial: int) -> bool:
        """Hold a trial; false where another process does."""

    def let_go(self, trial: int) -> None:
        """Let go of a trial."""

    def take_finish(self) -> bool:
        """Hold what comes after the trials; false where another process does."""

    def check(self) -> None:
        """Raise StorageLostError if what was held is held no more."""


class FileClaims:
    """Byte-range locks of one file: `fcntl` locks, which network file systems know too.

    They belong to the process, and end with it or when it closes the file, which nothing here does.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    @contextmanager
    def study(self) -> Iterator[None]:
        """Hold the study as a whole for a moment, waiting for whoever holds it."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _STUDY)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _STUDY)

    def take(self, trial: int) -> bool:
        """Hold a trial; false where another process does."""
        return self._take(_FIRST + trial)

    def let_go(self, trial: int) -> None:
        """Let go of a trial."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _FIRST + trial)

    def take_finish(self) -> bool:
        """Hold what comes after the trials; false where another process does."""
        return self._take(_FINISH)

    def check(self) -> None:
        """A lock of this machine is never lost."""

    def _take(self, number: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except BlockingIOError:
            return False
        return True


class PostgresClaims:
    """Advisory locks of a PostgreSQL session, which ends with its process, or its machine, within a minute.

    Args:
        url: of the database.
        study: name of the study.
    """

    def __init__(self, url: str, study: str) -> None:
        self._space = zlib.crc32(study.encode()) - 2**31
        self._engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, isolation_level="AUTOCOMMIT")
        self._connect()

    @contextmanager
    def study(self) -> Iterator[None]:
        """Hold the study as a whole for a moment, waiting for whoever holds it."""
        self._lock("pg_advisory_lock", _STUDY)
        try:
            yield
        finally:
            self._lock("pg_advisory_unlock", _STUDY)

    def take(self, trial: int) -> bool:
        """Hold a trial; false where another process does."""
        return self._lock("pg_try_advisory_lock", _FIRST + trial)

    def let_go(self, trial: int) -> None:
        """Let go of a trial."""
        self._lock("pg_advisory_unlock", _FIRST + trial)

    def take_finish(self) -> bool:
        """Hold what comes after the trials; false where another process does."""
        try:
            return self._lock("pg_try_advisory_lock", _FINISH)
        except StorageLostError:  # the session was lost while nothing was held
            self._connection.invalidate()
            self._connect()
            return self._lock("pg_try_advisory_lock", _FINISH)

    def check(self) -> None:
        """Raise StorageLostError if the session ended, and with it what was held."""
        self._ask("SELECT 1")

    def _connect(self) -> None:
        self._connection = self._engine.connect()
        for setting, seconds in (("idle", 30), ("interval", 10), ("count", 3)):
            self._ask(f"SET tcp_keepalives_{setting} = {seconds}")

    def _lock(self, function: str, number: int) -> bool:
        return bool(self._ask(f"SELECT {function}({self._space}, {number})"))

    def _ask(self, words: str) -> object:
        try:
            result = self._connection.execute(sqlalchemy.text(words))
            return result.scalar() if result.returns_rows else None
        except SQLAlchemyError as error:
            raise StorageLostError(f"sweep.storage does not answer: {str(error).splitlines()[0]}") from error
