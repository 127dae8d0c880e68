"""Who works on what: locks that the operating system or the database releases the moment a process dies.

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

_STUDY = 0
"""The number of the lock of the study as a whole."""
_FINISH = 1
"""Of what comes after the trials."""
_FIRST_TRIAL = 2
"""Of trial 0; the others follow."""


class StorageLostError(RunFailedError):
    """The storage does not answer any more."""

    @classmethod
    def of(cls, storage: str, error: BaseException) -> "StorageLostError":
        """From what a library said, whose first cause says most.

        Args:
            storage: its address, without a password.
            error: that was raised.
        """
        while error.__cause__ is not None:
            error = error.__cause__
        said = (str(error).splitlines() or [type(error).__name__])[0]
        return cls(f"sweep.storage {storage} does not answer: {said}; once it does, the same command goes on")


class TrialLocks(Protocol):
    """The locks of one study."""

    def hold_study(self) -> AbstractContextManager[None]:
        """Hold the study as a whole for a moment, waiting for whoever holds it."""

    def acquire(self, trial: int) -> bool:
        """Hold a trial; false where another process does."""

    def release(self, trial: int) -> None:
        """Release a trial."""

    def acquire_finish(self) -> bool:
        """Hold what comes after the trials; false where another process does."""

    def check_held(self) -> None:
        """Raise StorageLostError if what was held is held no more."""


class FileLocks:
    """Byte-range locks of one file: `fcntl` locks, which network file systems know too.

    They belong to the process, and end with it or when it closes the file, which nothing here does.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)

    @contextmanager
    def hold_study(self) -> Iterator[None]:
        """Hold the study as a whole for a moment, waiting for whoever holds it."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, _STUDY)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _STUDY)

    def acquire(self, trial: int) -> bool:
        """Hold a trial; false where another process does."""
        return self._try_lock(_FIRST_TRIAL + trial)

    def release(self, trial: int) -> None:
        """Release a trial."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _FIRST_TRIAL + trial)

    def acquire_finish(self) -> bool:
        """Hold what comes after the trials; false where another process does."""
        return self._try_lock(_FINISH)

    def check_held(self) -> None:
        """A lock of this machine is never lost."""

    def _try_lock(self, number: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except BlockingIOError:
            return False
        return True


class PostgresLocks:
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
    def hold_study(self) -> Iterator[None]:
        """Hold the study as a whole for a moment, waiting for whoever holds it."""
        self._lock("pg_advisory_lock", _STUDY)
        try:
            yield
        finally:
            self._lock("pg_advisory_unlock", _STUDY)

    def acquire(self, trial: int) -> bool:
        """Hold a trial; false where another process does."""
        return self._lock("pg_try_advisory_lock", _FIRST_TRIAL + trial)

    def release(self, trial: int) -> None:
        """Release a trial."""
        self._lock("pg_advisory_unlock", _FIRST_TRIAL + trial)

    def acquire_finish(self) -> bool:
        """Hold what comes after the trials; false where another process does."""
        try:
            return self._lock("pg_try_advisory_lock", _FINISH)
        except StorageLostError:  # the session was lost while nothing was held
            self._connection.invalidate()
            self._connect()
            return self._lock("pg_try_advisory_lock", _FINISH)

    def check_held(self) -> None:
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
            raise StorageLostError.of(self._engine.url.render_as_string(), error) from error
