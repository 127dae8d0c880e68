"""The image files that a person names."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sightline.data.sources.listing import Listing, images_below
from sightline.errors import UsageError
from sightline.machine.reading import is_folder
from sightline.machine.terminal import logger
from sightline.machine.text import storable

LONGEST: Final = 200
"""Bytes of a name that is made of another: systems take 255, and suffixes and temporary names need some of them."""


def list_inputs(named: str | Sequence[str] | None) -> list[Path]:
    """The image files of a file, a folder (at any depth) or a list of them, in the order named; a folder's are sorted.

    A file that is named is taken whatever it is called; a folder is listed as one that is trained on is, and what is
    passed over in it is said. What is there and no regular file, such as a named pipe or a broken link, is named by
    whoever reads it.

    Raises:
        UsageError: nothing is named, something is not there, or a folder holds no images.
    """
    if not named:
        raise UsageError("no images are named: add input=FILE, input=DIR or input=[A,B,…]")
    paths: list[Path] = []
    listing = Listing()
    for name in [named] if isinstance(named, str) else named:
        path = Path(name)
        if is_folder(path):
            found = _images(path)
            listing.add(found)
            paths += [path / image for image in found.images]
        elif os.path.lexists(path):
            paths.append(path)
        else:
            raise UsageError(f"input={name} is not there")
    if listing.left_out:
        (logger.warning if listing.misses_images else logger.info)("input: %s", listing.left_out)
    return paths


def _images(folder: Path) -> Listing:
    """What lies below a folder.

    Raises:
        UsageError: it cannot be read, or holds no images.
    """
    try:
        found = images_below(str(folder))
    except OSError as error:
        raise UsageError(f"input={folder} cannot be read: {error.strerror}: {error.filename}") from error
    if not found.images:
        raise UsageError(f"input={folder} is a folder without images{f'; {found.left_out}' if found.left_out else ''}")
    return found


def distinct_stems(paths: Sequence[Path]) -> list[str]:
    """How files made of each image are called: as the image is, counted up where there are several.

    Names that differ in case alone count as one: some systems keep them in one file. Bytes that are no text are spelled
    out, as they are in lists, and a name is cut to what leaves room for a suffix.
    """
    taken: set[str] = set()
    times: Counter[str] = Counter()
    stems = []
    for path in paths:
        own = storable(path.stem).encode()[:LONGEST].decode(errors="ignore")
        stem = own
        while stem.casefold() in taken:
            times[own.casefold()] += 1
            stem = f"{own}-{times[own.casefold()] + 1}"
        taken.add(stem.casefold())
        stems.append(stem)
    return stems
