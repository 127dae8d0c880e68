"""A tree of images: `<class>/…`, or `train/<class>/…` with optional `val/`, `calibration/`, `test/`."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sightline.data.sources.source import ROLE_WORDS, Source
from sightline.errors import UsageError
from sightline.machine.text import storable

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})

logger = logging.getLogger(__name__)


def find_folder(root: Path | None) -> Source:
    """List the images under `root`, at any depth below their class folder; hidden names are passed over.

    Raises:
        UsageError: `root` is not given, no folder, holds no images, or only one class.
    """
    if root is None:
        raise UsageError(
            "data.root is not set: data=folder takes data.root=DIR, a folder with a folder of images a class"
        )
    try:
        if not root.is_dir():
            raise UsageError(f"data.root={root} {'is no folder' if root.exists() else 'does not exist'}")
        found = [
            (role, name, path)
            for role, folder in _role_folders(root)
            for name in _folders(root / folder)
            for path in sorted(images_under(str(root / folder / name), f"{folder}/{name}/" if folder else f"{name}/"))
        ]
    except OSError as error:
        raise UsageError(f"data.root={root} cannot be read: {error.strerror}: {error.filename}") from error
    class_names = tuple(sorted({name for _, name, _ in found}))
    _refuse_too_few(root, class_names)
    _doubt_splits_within_classes(root, class_names)
    label = {name: number for number, name in enumerate(class_names)}
    return Source.of_classes(
        ids=tuple(storable(path) for _, _, path in found),
        labels=np.array([label[name] for _, name, _ in found], dtype=np.int64),
        class_names=tuple(storable(name) for name in class_names),
        roles=tuple(role for role, _, _ in found),
        files=tuple(root / path for _, _, path in found),
    )


def _role_folders(root: Path) -> list[tuple[str | None, str]]:
    """Roles and the folders under `root` that hold their class folders; `(None, "")` where there are no roles.

    A class may be called `train` (beside `bus` and `car`), so the word alone does not decide.
    """
    folders = _folders(root)
    named = [(ROLE_WORDS[name.lower()], name) for name in folders if name.lower() in ROLE_WORDS]
    others = [name for name in folders if name.lower() not in ROLE_WORDS]
    train = [name for role, name in named if role == "train"]
    if not named or (others and len(named) == 1 and not any(_holds_classes(root / name) for name in train)):
        return [(None, "")]
    if not train:
        raise UsageError(f"data.root={root} holds {_listed(name for _, name in named)} but no train/")
    filled = [name for name in others if any(images_under(str(root / name), ""))]
    if filled and len(named) == 1:
        raise UsageError(
            f"data.root={root} holds {train[0]}/ with folders inside, beside {_listed(filled)}: splits or classes?\n"
            "Move the others away, rename a class that is called train, or list the items in a table (data=csv)"
        )
    if filled:
        logger.warning("data.root=%s: %s belong to no split and are left out", root, _listed(filled))
    for _, name in named:
        if not _folders(root / name):
            logger.warning("data.root=%s: %s/ holds no class folders and is left out", root, name)
    return list(named)


def _holds_classes(folder: Path) -> bool:
    """Whether there are folders in it and no images beside them."""
    with os.scandir(folder) as entries:
        images = any(_is_image(entry) for entry in entries)
    return not images and bool(_folders(folder))


def _folders(folder: Path) -> list[str]:
    """Names of the visible folders in a folder, sorted."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and _is_folder(entry))


def _is_image(entry: "os.DirEntry[str]") -> bool:
    """Whether a name is visible and ends as an image does, and no folder has it.

    A broken link counts, as do a named pipe and a device: whoever reads them says what they are.
    """
    name = entry.name
    return not name.startswith(".") and name[name.rfind(".") :].lower() in SUFFIXES and not _is_folder(entry)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether there is a folder; not where links go round in a circle, or end where nobody may look."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def images_under(folder: str, prefix: str) -> Iterator[str]:
    """Paths of all visible images below a folder, `prefix` put before; links are followed, but never in a circle."""
    waiting: list[tuple[str, str, frozenset[str]]] = [(folder, prefix, frozenset())]
    while waiting:
        place, before, links = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if not _is_folder(entry):
                    if _is_image(entry):
                        yield before + entry.name
                    continue
                seen = links
                if entry.is_symlink():
                    target = os.path.realpath(entry.path)
                    if target in links or (os.path.realpath(place) + os.sep).startswith(target + os.sep):
                        continue
                    seen = links | {target}
                waiting.append((entry.path, f"{before}{entry.name}/", seen))


def _refuse_too_few(root: Path, class_names: tuple[str, ...]) -> None:
    """A classifier needs two classes; say what was looked for, and where the real root may be.

    Raises:
        UsageError: there are fewer.
    """
    if len(class_names) > 1:
        return
    if not class_names:
        raise UsageError(
            f"data.root={root} holds no images: looked for <class>/… and train/<class>/… with files that end in "
            f"{' '.join(sorted(SUFFIXES))}"
        )
    only = class_names[0]
    inside = _folders(root / only) if (root / only).is_dir() else []
    hint = f"; it holds {_listed(inside)}: did you mean data.root={root / only}?" if len(inside) > 1 else ""
    raise UsageError(f"data.root={root} holds one class only, {only!r}, and two are needed{hint}")


def _doubt_splits_within_classes(root: Path, class_names: tuple[str, ...]) -> None:
    """Say so where whole data sets look like classes: the root is then a folder too high."""
    for name in class_names:
        inside = _folders(root / name) if (root / name).is_dir() else []
        if {ROLE_WORDS.get(word.lower()) for word in inside} >= {"train", "test"}:
            logger.warning(
                "data.root=%s: its class %s holds %s: is the root one folder too high?", root, name, _listed(inside)
            )


def _listed(names: "Iterator[str] | list[str]") -> str:
    """`a/, b/, c/, … (7)` of folder names."""
    all_names = list(names)
    return ", ".join(f"{name}/" for name in all_names[:3]) + (f", … ({len(all_names)})" if len(all_names) > 3 else "")
