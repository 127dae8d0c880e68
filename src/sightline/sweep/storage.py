"""Where studies are stored: a SQLite file, a journal file or a PostgreSQL database, and the locks that go with each."""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import SQLAlchemyError

from sightline.config.credentials import refuse_credentials
from sightline.errors import UsageError
from sightline.machine.paths import path_of
from sightline.sweep.locks import FileLocks, PostgresLocks, TrialLocks

DRIVER = "postgresql+psycopg"
BUSY_TIMEOUT = 60
"""Seconds that a writer of a SQLite file waits for another."""


@dataclass(frozen=True)
class StudyLocation:
    """Where a study is stored.

    Attributes:
        url: as Optuna and its dashboard take it; of a journal `journal:///FILE`.
        name: of the study.
    """

    url: str
    name: str

    @classmethod
    def parse(cls, storage: str | None, runs_dir: Path, name: str) -> "StudyLocation":
        """Read `sweep.storage`.

        Raises:
            UsageError: it is no storage that is supported, or holds a password.
        """
        if storage is None:
            return cls(f"sqlite:///{runs_dir.resolve() / 'sweeps.db'}", name)
        parts = urlsplit(storage)
        refuse_credentials({"sweep.storage": storage})
        if parts.scheme in {"sqlite", "journal"} and storage.startswith(f"{parts.scheme}:///"):
            return cls(f"{parts.scheme}:///{path_of(storage.split(':///', 1)[1]).absolute()}", name)
        if parts.scheme in {"postgresql", "postgres", DRIVER}:
            return cls(DRIVER + storage[storage.index(":") :], name)
        raise UsageError(
            f"sweep.storage={storage} is none of sqlite:///FILE, journal:///FILE, postgresql://USER@HOST/DATABASE"
        )

    @property
    def file(self) -> Path | None:
        """The file, where it is one."""
        return None if self.url.startswith(DRIVER) else Path(self.url.split(":///", 1)[1])

    def open(self) -> tuple[BaseStorage, TrialLocks]:
        """Connect, and make what is not there yet; one process at a time, since two would break a new database.

        Raises:
            UsageError: it cannot be opened.
        """
        optuna.logging.set_verbosity(logging.ERROR)
        try:
            locks = self._locks()
            with locks.hold_study(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Optuna's own, about what is experimental
                return self._storage(), locks
        except (SQLAlchemyError, optuna.exceptions.OptunaError, OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split("\n")[0].split())
            raise UsageError(
                f"sweep.storage={self.url.replace(DRIVER, 'postgresql')} cannot be opened: {reason}"
            ) from error

    def _locks(self) -> TrialLocks:
        if self.file is None:
            return PostgresLocks(self.url, self.name)
        return FileLocks(self.file.with_name(f".{self.file.name}.{self.name}.locks"))

    def _storage(self) -> BaseStorage:
        if self.url.startswith("journal"):
            return JournalStorage(JournalFileBackend(str(self.file)))
        connect = {"timeout": BUSY_TIMEOUT} if self.file else {}
        return RDBStorage(self.url, engine_kwargs={"connect_args": connect, "pool_pre_ping": self.file is None})
