"""The paths in a table of images: where each file lies, and what is said of those that are not there."""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from sightline.data.formats import HEIC_SUFFIXES, SUFFIXES
from sightline.machine.reading import is_file, is_folder


def place(base: Path, path: str) -> tuple[Path, str]:
    """Where an image lies, and its id; backslashes part folders where no file has them in its name."""
    full = os.path.normpath(base / path)
    if "\\" in path and not os.path.lexists(full):
        full = os.path.normpath(base / path.replace("\\", "/"))
    return Path(full), Path(full.removeprefix(os.path.normpath(base) + os.sep)).as_posix()


def is_missing(path: Path) -> bool:
    """Whether there is nothing, or a folder; a broken link, a named pipe or a device is something."""
    return not is_file(path) and (is_folder(path) or not os.path.lexists(path))


def looks_like_a_row(head: Sequence[str]) -> bool:
    """Whether a head line names a file of an image, as rows do."""
    return any(Path(cell).suffix.lower() in SUFFIXES | HEIC_SUFFIXES for cell in head)


def where_instead(missing: Path, base: Path) -> str:
    """What may be meant by a path at which there is no file: another spelling of the name, else another root."""
    if found := _spelled_otherwise(missing):
        same = unicodedata.normalize("NFC", found) == unicodedata.normalize("NFC", missing.name)
        there, not_there = (ascii(name) if same else repr(name) for name in (found, missing.name))
        return f"there is {there}, and no {not_there}"
    return f"paths are relative to {base}, which data.root=DIR changes"


def _spelled_otherwise(path: Path) -> str | None:
    """A name in the same folder that differs in case or in how accents are composed alone."""
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return None
    return next((name for name in sorted(names) if _folded(name) == _folded(path.name)), None)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
