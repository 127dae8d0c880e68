"""How a set of images is called: `ants_bees` of `data.root=~/pics/ants_bees`, not `folder`."""

import re
from pathlib import Path
from typing import Final

from sightline.machine.paths import path_of

_SIGNS: Final = re.compile(r"[^\w.-]+")
LONGEST: Final = 60


def data_label(name: str, root: str | None = None, manifest: str | None = None) -> str:
    """The name of a folder or table of one's own, else of the choice.

    Args:
        name: the choice of data.
        root: its folder, if it has one.
        manifest: its table, if it has one.
    """
    if name == "csv" and manifest:
        return Path(manifest).stem or name
    if name in {"folder", "segmentation_folder"} and root:
        last = Path(root).name
        return name if last in {"", ".", "..", "~"} else last
    return name


def folder_label(name: str, root: str | None = None, manifest: str | None = None) -> str:
    """The same as a part of a folder's name, from letters of any script, digits, `.`, `_` and `-`; `.` is resolved."""
    place = None if root is None else str(path_of(root).resolve())
    label = _SIGNS.sub("_", data_label(name, place, manifest)).strip("._-")[:LONGEST]
    return label or name
