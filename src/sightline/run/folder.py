"""The run folder: the only place that creates, opens and writes runs.

Every file is written under a temporary name beside its place and moved there, so a crash leaves the old file or the
new one. Stages meet only through the files in here.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from sightline.config.stages import writer_of
from sightline.errors import UsageError, naming_file
from sightline.machine.paths import path_of
from sightline.run.beside import named, runs_in
from sightline.run.files import atomic_file, npz
from sightline.run.lines import append_row, read_lines
from sightline.run.ownership import UNUSED, Claim
from sightline.run.stored import checked_rows, read_arrays, read_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sightline.run.records import MetricsRow

logger = logging.getLogger(__name__)

BEST = "checkpoints/best.pt"
TRAINING = frozenset({"validate", "train"})
"""The stages that a run without a model may have come to."""

SplitName = Literal["train", "val", "calibration", "test"]


class Run:
    """One run folder, opened for reading and writing.

    Args:
        path: the folder, which exists.
        writes: false in all but one of the processes that train together: their writing does nothing.
        claim: what a command found where it made the run; None where it was there before.
    """

    def __init__(self, path: Path, *, writes: bool = True, claim: Claim | None = None) -> None:
        self.path = path
        self.writes = writes
        self._claim = claim
        self._written: set[str] = set()
        self.stage: str | None = None
        self.listeners: list[Callable[[MetricsRow], None]] = []

    # ------------------------------------------------------------ create, open

    @classmethod
    def create(cls, runs_dir: Path, family: str, label: str) -> "Run":
        """Make `runs_dir/family/<utc time>-label`, counting up on a clash.

        Raises:
            UsageError: the folder cannot be written.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for count in range(1000):
            path = runs_dir / family / (f"{stamp}-{label}" + (f"-{count + 1}" if count else ""))
            try:
                claim = Claim.new(path)
            except FileExistsError:
                continue
            except OSError as error:
                raise UsageError(f"runs_dir={runs_dir} cannot be written: {error.strerror}") from error
            return cls(claim.folder, claim=claim)
        raise UsageError(f"runs_dir={runs_dir} already holds a thousand runs named {stamp}-{label}")

    @classmethod
    def at(cls, path: Path) -> "Run":
        """Make this very folder, or take it as it is.

        Raises:
            UsageError: it cannot be written.
        """
        try:
            claim = Claim.take(path)
        except OSError as error:
            raise UsageError(f"output={path} cannot be written: {error.strerror}") from error
        return cls(claim.folder, claim=claim)

    @classmethod
    def open(cls, name: str, runs_dir: Path) -> "Run":
        """Open `latest`, a path, or a path under `runs_dir`.

        Raises:
            UsageError: there is no such run.
        """
        tried = dict.fromkeys((path_of(name), runs_dir / name))  # an absolute path is the same twice
        for path in tried:
            if (path / "config.yaml").is_file():
                return cls(path.resolve())
        if name == "latest":
            raise UsageError(f"run=latest: {runs_dir} holds no finished or running run yet; train one first")
        if inside := [one for path in tried for one in runs_in(path)]:
            raise UsageError(f"run={name} is no run, but holds {named(inside)}: name one of them")
        raise UsageError(f"run={name} is no run: no config.yaml is in {' or '.join(map(str, tried))}")

    def become_latest(self, runs_dir: Path) -> None:
        """Point `runs_dir/latest` at this run; what is there and no link is somebody's own, and stays."""
        if not self.writes:
            return
        link = runs_dir / "latest"
        if link.exists() and not link.is_symlink():
            logger.warning("%s is no link, so it stays; run=latest will not find this run", link)
            return
        temporary = runs_dir / ".latest-new"  # one name, so that what a killed command left is taken away
        temporary.unlink(missing_ok=True)
        with suppress(FileExistsError, FileNotFoundError):  # another command moves its own at this very moment
            temporary.symlink_to(os.path.relpath(self.path, runs_dir))
            temporary.replace(link)

    def discard_if_unused(self) -> None:
        """Take back what this command made, where it wrote nothing but its question: a mistake leaves no run behind."""
        if self._claim is not None and self._written <= UNUSED:
            self._claim.undo(self._written)

    # ------------------------------------------------------------ stages

    @contextmanager
    def entering(self, stage: str) -> Iterator[None]:
        """Mark `stage` as the one at work; the test lock (`ledger`) asks for it."""
        before, self.stage = self.stage, stage
        try:
            yield
        finally:
            self.stage = before

    # ------------------------------------------------------------ files

    def file(self, name: str) -> Path:
        """The place of a file of this run, its folder made."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return (self.path / name).is_file()

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        if self.writes:
            (self.path / name).unlink(missing_ok=True)

    def save_bytes(self, name: str, content: bytes) -> Path:
        """Write a whole file, atomically."""
        return self.save_with(name, lambda stream: stream.write(content))

    def save_with(self, name: str, write: Callable[[BinaryIO], object]) -> Path:
        """Let `write` fill a file as a stream, atomically: for what is too large to hold twice."""
        path = self.file(name)
        if self.writes:
            self._written.add(name)
            with atomic_file(path) as stream:
                write(stream)
        return path

    def save_text(self, name: str, text: str) -> Path:
        """Write a whole text file, atomically."""
        return self.save_bytes(name, text.encode())

    def save_json(self, name: str, content: object) -> Path:
        """Write JSON, atomically. Not-a-number and infinity are refused: they are no JSON."""
        return self.save_text(name, json.dumps(content, indent=2, allow_nan=False) + "\n")

    def load_json(self, name: str) -> Any:
        """Read JSON.

        Raises:
            UsageError: the file is missing.
            RunFailedError: the file is no JSON; later, a key is asked for that it lacks.
        """
        if not self.has(name):
            raise self._missing(name)
        return read_json(self.path, name)

    def append(self, name: str, row: Mapping[str, object]) -> None:
        """Add one JSON line to a file, where it survives the death of this process."""
        if self.writes:
            self._written.add(name)
            append_row(self.file(name), row)

    def append_text(self, name: str, text: str) -> None:
        """Add text to the end of a file."""
        if self.writes:
            with naming_file(self.path / name), self.file(name).open("a") as stream:
                stream.write(text)

    def rows(self, name: str) -> list[Any]:
        """All rows of a JSON-lines file; none where there is no file. Torn lines are left out, with a warning.

        Raises:
            RunFailedError: a whole line is not what the file must hold.
        """
        return checked_rows(self.path, name, read_lines(self.path / name).rows) if self.has(name) else []

    def torn_lines(self, name: str) -> tuple[int, ...]:
        """Numbers of the lines of a JSON-lines file that are torn."""
        return read_lines(self.path / name).torn if self.has(name) else ()

    def log(self, kind: Literal["epoch", "step"], **values: float) -> None:
        """Add a row to `metrics.jsonl` and tell whoever listens."""
        row: MetricsRow = {"kind": kind, **values}
        self.append("metrics.jsonl", row)
        for listener in self.listeners:
            listener(row)

    def save_arrays(self, name: str, **arrays: "NDArray[Any]") -> Path:
        """Write named arrays as `.npz`, atomically, the same bytes for the same arrays."""
        return self.save_bytes(name, npz(arrays))

    def load_arrays(self, name: str) -> dict[str, "NDArray[Any]"]:
        """Read named arrays.

        Raises:
            UsageError: the file is missing.
            RunFailedError: the file is no `.npz`; later, an array is asked for that it lacks.
        """
        if not self.has(name):
            raise self._missing(name)
        return read_arrays(self.path, name)

    def _missing(self, name: str) -> UsageError:
        if writer_of(name) not in TRAINING:
            return UsageError(f"{self.path} has no {name}: mode `{writer_of(name)}` writes it")
        there = [one for one in runs_in(self.path.parent) if (one / BEST).is_file()]
        others = (
            f"; trained runs beside it: {named(there)}" if there else ", and neither was one beside it: train one first"
        )
        return UsageError(f"{self.path} has no {name}: it was never trained, only checked or broken off early{others}")
