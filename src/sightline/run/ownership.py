"""Whose a folder is: commands write into what is new, empty or of their own making, and remove what they made alone."""

import json
import os
from collections.abc import Iterable, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.errors import UsageError
from sightline.run.files import atomic_file, is_partial
from sightline.run.lock import LOCK

MARKER: Final = ".sightline"
"""The file that says that a folder was made here."""
MARK: Final = "Sightline made this folder, and may write into it.\n"
UNUSED: Final = frozenset({"config.yaml", "provenance.json", "log.txt", MARKER, LOCK})
"""All that a run holds before it has done anything."""
PREDICTED: Final = frozenset({"predictions.csv", "predictions.json"})
"""All that earlier versions of `predict` left in a folder."""


def is_ours(folder: Path) -> bool:
    """Whether a command made this folder, one of an earlier version too, which left no marker."""
    if (folder / MARKER).is_file():
        return True
    if _content(folder) == PREDICTED:
        with (folder / "predictions.csv").open("rb") as stream:
            return stream.readline(4096).startswith(b"path,")
    if not (folder / "config.yaml").is_file():
        return False
    try:
        facts = json.loads((folder / "provenance.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(facts, dict) and "config_hash" in facts


def check_ours(folder: Path, key: str) -> None:
    """Refuse a folder in which something lies that no command of ours made.

    Args:
        folder: that is to be written into; it need not be there.
        key: that names it.

    Raises:
        UsageError: it is one, or it cannot be looked into.
    """
    try:
        if not folder.exists() or is_ours(folder):
            return
        found = sorted(_content(folder))
    except OSError as error:
        raise UsageError(f"{key}={folder} cannot be used: {error.strerror}; take another folder") from error
    if found:
        raise UsageError(
            f"{key}={folder} holds {found[0]!r} and was not made by Sightline; take a new or an empty folder"
        )


def check_writable(folder: Path, so: str = "") -> None:
    """Refuse a run that a stage could not write its results to, before it begins.

    Args:
        folder: of the run.
        so: what follows if it cannot be written.

    Raises:
        UsageError: the folder, one within it, or a file that lines are added to cannot be written.
    """
    folders = (place for place in folder.iterdir() if place.is_dir())
    for place in (folder, *sorted(folders), folder / "log.txt", *sorted(folder.glob("*.jsonl"))):
        if place.exists() and not os.access(place, os.W_OK):
            what = "" if place == folder else f": {place.name} is read-only"
            raise UsageError(f"{folder} cannot be written{what}{so}; make it writable, or copy it and take the copy")


def _content(folder: Path) -> set[str]:
    """The names in a folder, without what a writer leaves that was killed before it wrote anything."""
    return {path.name for path in folder.iterdir() if path.name != LOCK and not is_partial(path.name)}


@dataclass(frozen=True)
class Claim:
    """A folder that a command takes for its results, as it was before.

    Attributes:
        folder: the folder.
        made: those that were made for it, the innermost first.
        names: of what it held.
        contents: by name, of the files in it that say what was asked.
    """

    folder: Path
    made: tuple[Path, ...]
    names: frozenset[str]
    contents: tuple[tuple[str, bytes], ...]

    @classmethod
    def new(cls, folder: Path) -> "Claim":
        """Make the folder.

        Raises:
            FileExistsError: it is there.
            OSError: it cannot be made.
        """
        made = tuple(place for place in (folder, *folder.parents) if not place.exists())
        folder.mkdir(parents=True, exist_ok=False)
        return cls(folder.resolve(), made, frozenset(), ())

    @classmethod
    def take(cls, folder: Path) -> "Claim":
        """Make the folder, or take it as it is.

        Raises:
            OSError: it cannot be made or looked into.
        """
        with suppress(FileExistsError):
            return cls.new(folder)
        folder = folder.resolve()
        names = frozenset(path.name for path in folder.iterdir())
        asked = sorted(names & (UNUSED - {"log.txt", LOCK}))
        return cls(folder, (), names, tuple((name, (folder / name).read_bytes()) for name in asked))

    def undo(self, written: Set[str]) -> None:
        """Put the folder back as it was, unless something new is in it; what cannot be put back stays.

        Args:
            written: names of the files that the command wrote, all of them of its question.
        """
        if not self.folder.is_dir():
            return
        new = [path for path in self.folder.iterdir() if path.name not in self.names | UNUSED]
        if any(_holds_files(path) for path in new):
            return
        with suppress(OSError):
            for name, content in self.contents:
                if name in written:
                    with atomic_file(self.folder / name) as stream:
                        stream.write(content)
            for name in UNUSED - self.names:
                (self.folder / name).unlink(missing_ok=True)
        for path in new:
            _remove_empty([*sorted(path.rglob("*"), reverse=True), path])
        _remove_empty(self.made)


def _holds_files(path: Path) -> bool:
    return not path.is_dir() or any(not inside.is_dir() for inside in path.rglob("*"))


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # something is in it
            folder.rmdir()
