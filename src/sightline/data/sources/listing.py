"""The images below a folder: one listing for what is trained on and for what is predicted."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sightline.data.formats import (
    HEAD_BYTES,
    HEIC_REMEDY,
    HEIC_SUFFIXES,
    OTHER_SUFFIXES,
    SUFFIXES,
    UNREAD_SUFFIXES,
    kind_of,
    reads_heic,
)
from sightline.data.sources.remarks import Remark
from sightline.machine.reading import open_regular

SYSTEMS_OWN: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
"""What Windows and macOS leave in folders; as with hidden names no one put it there."""

WITHOUT: Final = "without a suffix"
SHOWN_SUFFIXES: Final = 5

_SUFFIX: Final = re.compile(r"\.\w{1,10}~?")


@dataclass
class Listing:
    """What lies below a folder.

    Attributes:
        images: paths, sorted.
        passed_over: how many other files there are by suffix, as it is spelled.
        heic: how many of those are HEIC.
    """

    images: list[str] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    heic: int = 0

    def add(self, other: "Listing") -> None:
        """Take in what lies below another folder, behind what is here."""
        self.images += other.images
        self.passed_over += other.passed_over
        self.heic += other.heic

    @property
    def misses_images(self) -> bool:
        """Whether some of what was passed over are images."""
        return self.heic > 0 or any(suffix.lower() in UNREAD_SUFFIXES for suffix in self.passed_over)

    @property
    def left_out(self) -> str:
        """`13 files passed over: .HEIC 12, .txt 1`, and what can be done; empty where there are none."""
        total = self.passed_over.total()
        if not total:
            return ""
        remedy = f"; {HEIC_REMEDY}" if self.heic else "; save images as JPEG or PNG" if self.misses_images else ""
        return f"{total:,} file{'s' * (total != 1)} passed over: {by_suffix(self.passed_over)}{remedy}"


def by_suffix(counts: Mapping[str, int]) -> str:
    """`.HEIC 12, .txt 1`: the most frequent first, at most `SHOWN_SUFFIXES` of them."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{suffix} {count:,}" for suffix, count in ranked[:SHOWN_SUFFIXES]]
    rest = sum(count for _, count in ranked[SHOWN_SUFFIXES:])
    return ", ".join([*shown, *([f"others {rest:,}"] if rest else [])])


def passed_over(listing: Listing) -> Iterator[Remark]:
    """What is said of files that are no images, or not read."""
    if listing.left_out:
        outcome: Literal["warn", "pass"] = "warn" if listing.misses_images else "pass"
        yield Remark("passed_over", outcome, listing.passed_over.total(), listing.left_out)


def images_below(folder: str, prefix: str = "") -> Listing:
    """List a folder at any depth; `prefix` is put before each path.

    Names that begin with a dot are not looked at. Links are followed, but never in a circle.

    Raises:
        OSError: a folder cannot be read.
    """
    listing = Listing()
    for path, entry in _files_below(folder, prefix):
        _note(listing, path, entry)
    listing.images.sort()
    return listing


def images_in(folder: str) -> Listing:
    """List the files that lie in this very folder; names alone.

    Raises:
        OSError: it cannot be read.
    """
    listing = Listing()
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _is_hidden(entry.name) and not is_folder_entry(entry):
                _note(listing, entry.name, entry)
    listing.images.sort()
    return listing


def folders_in(folder: str) -> list[str]:
    """Names of the visible folders in a folder, sorted.

    Raises:
        OSError: it cannot be read.
    """
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if not _is_hidden(entry.name) and is_folder_entry(entry))


def is_folder_entry(entry: "os.DirEntry[str]") -> bool:
    """Whether there is a folder; not where links go round in a circle, or end where nobody may look."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEMS_OWN


def _files_below(folder: str, prefix: str) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Every visible file below a folder, with its path."""
    waiting: list[tuple[str, str, frozenset[str]]] = [(folder, prefix, frozenset())]
    while waiting:
        place, before, links = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if _is_hidden(entry.name):
                    continue
                if not is_folder_entry(entry):
                    yield before + entry.name, entry
                    continue
                seen = links
                if entry.is_symlink():
                    target = os.path.realpath(entry.path)
                    if target in links or (os.path.realpath(place) + os.sep).startswith(target + os.sep):
                        continue
                    seen = links | {target}
                waiting.append((entry.path, f"{before}{entry.name}/", seen))


def _note(listing: Listing, path: str, entry: "os.DirEntry[str]") -> None:
    """Take a file for an image, or count it as passed over.

    By suffix a broken link counts as an image, as do a named pipe and a device: whoever reads them says what they are.
    """
    name = entry.name
    suffix = name[name.rfind(".") :] if "." in name else ""
    lower = suffix.lower()
    kind = "image" if lower in SUFFIXES else "heic" if lower in HEIC_SUFFIXES else None
    if kind is None and lower not in OTHER_SUFFIXES and not lower.endswith("~"):
        kind = _kind_by_content(entry.path)
    if kind == "image" or (kind == "heic" and reads_heic()):
        listing.images.append(path)
    else:
        listing.passed_over[suffix if _SUFFIX.fullmatch(suffix) else WITHOUT] += 1
        listing.heic += kind == "heic"


def _kind_by_content(path: str) -> str | None:
    try:
        stream, _ = open_regular(path)
        with stream:
            return kind_of(stream.read(HEAD_BYTES))
    except OSError:
        return None
