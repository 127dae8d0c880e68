"""The image files that a person names."""

import os
from collections.abc import Sequence
from pathlib import Path

from sightline.data.sources.folder import SUFFIXES, images_under
from sightline.errors import UsageError
from sightline.machine.reading import is_folder


def list_inputs(named: str | Sequence[str] | None) -> list[Path]:
    """The image files of a file, a folder (at any depth) or a list of them, in order.

    What is there and no regular file, such as a named pipe or a broken link, is named by whoever reads it.
    In a folder hidden names are passed over and links followed, as in one that is trained on.

    Raises:
        UsageError: nothing is named, something is not there, or a folder holds no images.
    """
    if not named:
        raise UsageError("predict takes input=FILE, input=DIR or input=[A,B,…]")
    paths: list[Path] = []
    for name in [named] if isinstance(named, str) else named:
        path = Path(name)
        if is_folder(path):
            found = _images(path)
            if not found:
                raise UsageError(f"input={name} is a folder without images ({' '.join(sorted(SUFFIXES))})")
            paths += found
        elif os.path.lexists(path):
            paths.append(path)
        else:
            raise UsageError(f"input={name} is not there")
    return paths


def _images(folder: Path) -> list[Path]:
    try:
        return sorted(folder / name for name in images_under(str(folder), ""))
    except OSError as error:
        raise UsageError(f"input={folder} cannot be read: {error.strerror}: {error.filename}") from error
