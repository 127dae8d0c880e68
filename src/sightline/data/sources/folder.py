"""A tree of images: `<class>/…`, or `train/<class>/…` with optional `val/`, `calibration/`, `test/`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sightline.data.sources.layout import RoleFolder, refuse_too_few, role_folders, splits_within_classes
from sightline.data.sources.listing import Listing, folders_in, images_below, images_in, passed_over
from sightline.data.sources.remarks import Remark, counted, folders, listed
from sightline.data.sources.source import ROLES, Source
from sightline.errors import UsageError
from sightline.machine.text import storable


@dataclass
class _Tree:
    """What was found under a root.

    Attributes:
        splits: folders of splits, or the root itself.
        items: role, class and path of every image.
        images: of each class folder, those without any included.
        beside: images where class folders are looked for: they have no class.
        others: images in folders that belong to no split, by folder.
        empty: folders of splits without a class folder.
        listing: of everything that was looked at.
    """

    splits: Sequence[RoleFolder]
    items: list[tuple[str | None, str, str]] = field(default_factory=list)
    images: Counter[str] = field(default_factory=Counter)
    beside: list[str] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    listing: Listing = field(default_factory=Listing)

    @property
    def has_roles(self) -> bool:
        """Whether the folders under the root are splits."""
        return self.splits[0][0] is not None


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
        tree = _read(root)
        class_names = tuple(sorted(name for name, count in tree.images.items() if count))
        refuse_too_few(root, class_names, tree.beside, tree.listing)
        remarks = (*_of_layout(root, tree, class_names), *_of_what_is_left_out(tree))
    except OSError as error:
        raise UsageError(f"data.root={root} cannot be read: {error.strerror}: {error.filename}") from error
    label = {name: number for number, name in enumerate(class_names)}
    return Source.of_classes(
        ids=tuple(storable(path) for _, _, path in tree.items),
        labels=np.array([label[name] for _, name, _ in tree.items], dtype=np.int64),
        class_names=tuple(storable(name) for name in class_names),
        roles=tuple(role for role, _, _ in tree.items),
        files=tuple(root / path for _, _, path in tree.items),
        remarks=remarks,
    )


def find_without_classes(root: Path) -> Source | None:
    """All images below a folder, as of one class; None where there are none, or no folder."""
    try:
        listing = images_below(str(root))
    except OSError:
        return None
    images = listing.images
    if not images:
        return None
    remarks = [Remark("layout", "pass", len(images), f"{counted(len(images), 'image')}, taken without classes")]
    return Source.of_classes(
        ids=tuple(storable(path) for path in images),
        labels=np.zeros(len(images), dtype=np.int64),
        class_names=("unknown",),
        roles=(None,) * len(images),
        files=tuple(root / path for path in images),
        remarks=(*remarks, *passed_over(listing)),
    )


def _read(root: Path) -> _Tree:
    """Everything under a root."""
    names = folders_in(str(root))
    tree = _Tree(role_folders(root, names))
    if tree.has_roles:
        _look_beside(tree, root, "")
        for name in set(names) - {folder for _, folder in tree.splits}:
            listing = images_below(str(root / name))
            if listing.images:
                tree.others[name] = len(listing.images)
    for role, folder in tree.splits:
        prefix = f"{folder}/" if folder else ""
        _look_beside(tree, root / folder, prefix)
        classes = folders_in(str(root / folder))
        if not classes and folder:
            tree.empty.append(folder)
        for name in classes:
            below = images_below(str(root / folder / name), f"{prefix}{name}/")
            tree.items += [(role, name, path) for path in below.images]
            tree.images[name] += len(below.images)
            tree.listing.add(below)
    return tree


def _look_beside(tree: _Tree, folder: Path, prefix: str) -> None:
    """Note what lies beside class folders."""
    found = images_in(str(folder))
    tree.beside += [prefix + name for name in found.images]
    tree.listing.add(found)


def _of_layout(root: Path, tree: _Tree, class_names: Sequence[str]) -> Iterator[Remark]:
    """How the folders were understood."""
    if tree.has_roles:
        counts = Counter(path.partition("/")[0] for _, _, path in tree.items)
        given = ", ".join(f"{folder}/ {counts[folder]:,}" for _, folder in tree.splits if folder not in tree.empty)
        missing = [role for role in ROLES if role not in {role for role, _, _ in tree.items}]
        drawn = f"; {' and '.join(missing)} will be drawn from train" if missing else ""
        yield Remark("layout", "pass", len(tree.splits), f"splits as the folders say, {given}{drawn}")
    start = 2 if tree.has_roles else 1
    deeper = [storable(path) for _, _, path in tree.items if path.count("/") > start]
    if deeper:
        where = sorted({path.rpartition("/")[0] for path in deeper})
        message = f"{len(deeper):,} of {counted(len(tree.items), 'image')} lie in folders within the folder of their"
        yield Remark("depth", "pass", len(deeper), f"{message} class ({folders(where)}), and are of that class")
    if not tree.has_roles:
        for name, inside in splits_within_classes(root, class_names):
            message = f"class {storable(name)} holds {folders(inside)}: is data.root={root} one folder too high?"
            yield Remark("splits_within_classes", "warn", 1, message, (storable(name),))


def _of_what_is_left_out(tree: _Tree) -> Iterator[Remark]:
    """What is there and will not be used, each in a line."""
    yield from passed_over(tree.listing)
    empty = sorted(storable(name) for name, count in tree.images.items() if not count)
    if empty:
        words = f"class {empty[0]} holds" if len(empty) == 1 else f"{len(empty)} classes hold"
        names = "" if len(empty) == 1 else f" ({listed(empty)})"
        yield Remark(
            "empty_classes", "warn", len(empty), f"{words} no images{names} and will not be known", tuple(empty[:10])
        )
    beside = [storable(path) for path in tree.beside]
    if beside:
        lies = "lies" if len(beside) == 1 else "lie"
        message = f"{counted(len(beside), 'image')} {lies} in no class folder ({listed(beside)})"
        yield Remark("images_without_class", "warn", len(beside), f"{message}: left out", tuple(beside[:10]))
    if tree.others:
        others = sorted(storable(name) for name in tree.others)
        message = f"{folders(others)} with {counted(sum(tree.others.values()), 'image')} belong to no split: left out"
        yield Remark("folders_without_split", "warn", sum(tree.others.values()), message, tuple(others[:10]))
    for name in tree.empty:
        yield Remark("empty_splits", "warn", 1, f"{storable(name)}/ holds no class folders and is left out", (name,))
