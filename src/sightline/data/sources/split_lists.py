"""Splits as text files of names, `train.txt` and `val.txt`, as Pascal VOC has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.data.sources.mask_pairs import stem
from sightline.data.sources.source import ROLE_WORDS
from sightline.errors import UsageError
from sightline.machine.reading import is_file, read_regular

PLACES: Final = ("", "ImageSets/Segmentation", "splits", "lists")
"""Folders under the root where lists are looked for, the first that holds any."""


@dataclass(frozen=True)
class SplitLists:
    """What lists say.

    Attributes:
        roles: of the images that are listed.
        files: the lists, relative to the root.
        unknown: names that are no image.
    """

    roles: Mapping[str, str]
    files: tuple[str, ...]
    unknown: tuple[str, ...]


def split_lists(root: Path, images: Sequence[str]) -> SplitLists | None:
    """The roles of images by the lists under a root; None where there are none, or where they name no image.

    A line is a name, with or without folders and ending; what follows a blank is passed over, as the path of a mask.

    Raises:
        UsageError: an image is in two lists, or a list is no text.
    """
    found = next((files for place in PLACES if (files := _files(root / place))), {})
    by_name = {key: image for image in images for key in (stem(image).rpartition("/")[2], stem(image))}
    roles: dict[str, str] = {}
    unknown: list[str] = []
    for role, path in found.items():
        for name in _names(path):
            image = by_name.get(stem(name)) or by_name.get(stem(name).rpartition("/")[2])
            if image is None:
                unknown.append(name)
            elif roles.setdefault(image, role) != role:
                raise UsageError(f"{path.parent}: {image} is listed for {roles[image]} and for {role}")
    if not roles:
        return None
    return SplitLists(roles, tuple(path.relative_to(root).as_posix() for path in found.values()), tuple(unknown))


def _files(folder: Path) -> dict[str, Path]:
    """The list of each role in a folder."""
    return {role: folder / f"{word}.txt" for word, role in ROLE_WORDS.items() if is_file(folder / f"{word}.txt")}


def _names(path: Path) -> list[str]:
    try:
        text = read_regular(path).decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8") from error
    lines = [line.strip().replace("\\", "/") for line in text.splitlines()]
    return [_first(line) for line in lines if line]


def _first(line: str) -> str:
    """The name at the beginning of a line; blanks within a name are kept where nothing that follows is a path."""
    head, _, rest = line.partition(" ")
    return head if "/" in rest or "." in rest or rest.strip() in {"1", "-1", "0"} else line
