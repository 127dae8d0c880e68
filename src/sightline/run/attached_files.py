"""Files that belong to the rows of a list: they take their places with it, and leave with it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Final, TypeGuard

from sightline.machine.terminal import logger
from sightline.run.files import atomic_file

FILE_KEYS: Final = ("mask", "overlay", "overlays")
"""Under which a row names a file that belongs to it, or several by some name, by their place in the folder."""


class AttachedFiles:
    """The files beside `NAME.json` that its rows name; until the list is whole they lie in `NAME.PID.partial`.

    So what ends a command early leaves the files of an earlier one as they were, beside the list that names them.

    Args:
        folder: of the list.
        name: of the list, without suffix.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.partial = folder / f"{name}.{os.getpid()}.partial"
        self._folder = folder
        self._list = folder / f"{name}.json"
        self._names: dict[str, None] = {}
        self.discard()

    def add(self, name: str, content: bytes) -> None:
        """Write a file, to be in this place of the folder.

        Raises:
            OSError: it cannot be written; it names the file.
        """
        path = self.partial / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as stream:
            stream.write(content)
        self._names[name] = None

    @contextmanager
    def replacing(self) -> Iterator[None]:
        """Bring the files to their places, have the list written, and remove what the former list alone names."""
        former = [name for name in _named_in(self._list) if name not in self._names]
        for name in self._names:
            place = self._folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            (self.partial / name).replace(place)
        self.discard()
        yield
        removed = [name for name in former if _remove(self._folder / name, self._folder)]
        if removed:
            files = f"{len(removed)} file{'s' * (len(removed) != 1)}"
            logger.info(
                "%s: %s that the former %s named %s removed, %s first",
                self._folder,
                files,
                self._list.name,
                "were" if len(removed) > 1 else "was",
                removed[0],
            )

    def discard(self) -> None:
        """Leave none of them that has not come to its place."""
        self._names.clear()
        shutil.rmtree(self.partial, ignore_errors=True)


def _named_in(listed: Path) -> list[str]:
    """The files that the rows of a list name; a list that cannot be read names none.

    Only names of pictures in the folder itself or in one below it are taken: a list may have been written by others.
    """
    try:
        content = json.loads(listed.read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    rows = content.get("images") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        return []
    values = [row[key] for row in rows if isinstance(row, dict) for key in FILE_KEYS if key in row]
    names = [name for value in values for name in (value.values() if isinstance(value, dict) else [value])]
    return [name for name in dict.fromkeys(filter(_is_text, names)) if _is_picture_within(PurePosixPath(name))]


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str)


def _is_picture_within(name: PurePosixPath) -> bool:
    return name.suffix == ".png" and len(name.parts) <= 2 and not name.is_absolute() and ".." not in name.parts


def _remove(path: Path, root: Path) -> bool:
    """Whether the file was there and is gone; a folder that is empty without it goes, too."""
    try:
        path.unlink()
    except (OSError, ValueError):
        return False
    if path.parent != root:
        with suppress(OSError):  # something else is in it
            path.parent.rmdir()
    return True
