"""Folders of images and of their masks: `images/` and `masks/`, those of each split, CamVid's, Pascal VOC's."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sightline.config.data import SegmentationFolderData
from sightline.data.sources.class_table import class_table
from sightline.data.sources.listing import Listing, folders_in, images_below, images_in, passed_over
from sightline.data.sources.mask_folders import FolderPair, folder_pairs
from sightline.data.sources.mask_pairs import paired, split_by_suffix
from sightline.data.sources.mask_reading import look_at, no_classes, read_classes
from sightline.data.sources.remarks import Remark, counted, folders, listed
from sightline.data.sources.source import ROLES, Source
from sightline.data.sources.split_lists import split_lists
from sightline.data.targets import MASK, MaskTarget
from sightline.errors import UsageError
from sightline.machine.paths import path_of
from sightline.machine.text import storable


@dataclass
class _Found:
    """Images and masks under a root.

    Attributes:
        images: paths relative to the root.
        masks: of each, or None.
        roles: of each, or None.
        alone: masks without an image.
        suffixes: what the names of masks add to those of images.
        listing: of all folders.
    """

    images: list[str] = field(default_factory=list)
    masks: list[str | None] = field(default_factory=list)
    roles: list[str | None] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    suffixes: set[str] = field(default_factory=set)
    listing: Listing = field(default_factory=Listing)

    def take(self, places: Sequence[int]) -> None:
        """Keep these images alone."""
        self.images = [self.images[place] for place in places]
        self.masks = [self.masks[place] for place in places]
        self.roles = [self.roles[place] for place in places]


def find_segmentation_folder(config: SegmentationFolderData) -> Source:
    """List images and their masks; look at some masks for what stands for each class.

    Raises:
        UsageError: `root` is not given or no folder, holds no images with masks, images lack masks, or nobody says
            what the classes are.
    """
    if config.root is None:
        raise UsageError(
            "data.root is not set: data=segmentation_folder takes data.root=DIR, a folder with images/ and masks/"
        )
    root = path_of(config.root)
    try:
        if not root.is_dir():
            raise UsageError(f"data.root={root} {'is no folder' if root.exists() else 'does not exist'}")
        pairs = folder_pairs(root)
        found = _read(root, pairs, config.mask_suffix)
        if not found.images:
            left_out = f"; {found.listing.left_out}" if found.listing.left_out else ""
            raise UsageError(f"data.root={root}: {pairs[0].images or '.'}/ holds no images{left_out}")
        remarks = [*_of_layout(found, pairs), *_of_other_folders(root, pairs), *_of_lists(found, root)]
    except OSError as error:
        raise UsageError(f"data.root={root} cannot be read: {error.strerror}: {error.filename}") from error
    remarks += [*_of_missing(found, root, config), *_of_left_out(found)]
    masks = [root / mask for mask in found.masks if mask is not None]
    seen, table = look_at(masks), class_table(root, config.classes)
    if table is None:
        raise no_classes(seen, root)
    classes = read_classes(table, seen, config.masks, config.ignore_index)
    values = tuple(None if mask is None else root / mask for mask in found.masks)
    groups, of_groups = _groups(found.images, config.group_pattern)
    return Source(
        ids=tuple(storable(path) for path in found.images),
        targets={MASK: MaskTarget(values, classes.names, classes.ignore_index, classes.coded, classes.colours)},
        strata=np.zeros(len(found.images), dtype=np.int64),
        roles=tuple(found.roles),
        groups=groups,
        files=tuple(root / path for path in found.images),
        remarks=(*remarks, *of_groups, *classes.remarks),
    )


def _read(root: Path, pairs: Sequence[FolderPair], suffix: str | None) -> _Found:
    """Everything in folders of images, and the masks of it.

    Raises:
        UsageError: an image has two masks, or two images share one.
    """
    found = _Found()
    for pair in pairs:
        below = images_in if pair.images == pair.masks else images_below
        of_images = below(str(root / pair.images))
        if pair.images == pair.masks:
            images, masks = split_by_suffix(of_images.images, suffix)
        else:
            of_masks = images_below(str(root / pair.masks))
            images, masks = of_images.images, of_masks.images
            found.listing.add(of_masks)
        found.listing.add(of_images)
        matched = paired(images, masks, suffix)
        before, beside = (f"{folder}/" if folder else "" for folder in (pair.images, pair.masks))
        found.images += [before + image for image in images]
        found.masks += [beside + matched.mask_of[one] if one in matched.mask_of else None for one in images]
        found.roles += [pair.role] * len(images)
        found.alone += [beside + mask for mask in matched.alone]
        found.suffixes |= set(matched.suffixes)
    return found


def _of_layout(found: _Found, pairs: Sequence[FolderPair]) -> Iterator[Remark]:
    """How folders and names were understood."""
    first = next((pair for pair in pairs if pair.role == "train"), pairs[0])
    together = first.images == first.masks
    where = f"{first.images or '.'}/" + (", images beside masks" if together else f" with masks in {first.masks}/")
    counts = Counter(role for role in found.roles if role)
    given = ", ".join(f"{role} {counts[role]:,}" for role in ROLES if counts[role])
    missing = [role for role in ROLES if not counts[role]]
    splits = f"; splits as the folders say, {given}" if given else ""
    drawn = f"; {' and '.join(missing)} will be drawn from train" if given and missing else ""
    yield Remark("layout", "pass", len(found.images), f"images lie in {where}{splits}{drawn}")
    if found.suffixes:
        names = " and ".join(sorted(found.suffixes))
        yield Remark("mask_names", "pass", len(found.suffixes), f"a mask is called as its image and {names}")


def _of_other_folders(root: Path, pairs: Sequence[FolderPair]) -> Iterator[Remark]:
    """Folders with images that are neither images nor masks of a pair, as a split without masks."""
    used = {folder for pair in pairs for folder in (pair.images, pair.masks)}
    others: dict[str, int] = {}
    for parent in sorted({"", *(folder.rpartition("/")[0] for folder in used)}):
        for name in folders_in(str(root / parent)):
            path = f"{parent}/{name}" if parent else name
            if not any(folder == path or folder.startswith(f"{path}/") for folder in used):
                others[path] = len(images_below(str(root / path)).images)
    filled = [storable(path) for path, count in others.items() if count]
    if filled:
        number = sum(others.values())
        message = f"{folders(filled)} with {counted(number, 'image')} are neither images nor their masks: left out"
        yield Remark("other_folders", "warn", number, message, tuple(filled[:10]))


def _of_lists(found: _Found, root: Path) -> Iterator[Remark]:
    """Splits by lists of names, where folders say none; images that no list names are left out if one is of train."""
    lists = split_lists(root, found.images) if not any(found.roles) else None
    if lists is None:
        return
    trained = "train" in lists.roles.values()
    found.roles = [lists.roles.get(image, None if trained else "train") for image in found.images]
    counts = Counter(lists.roles.values())
    given = ", ".join(f"{role} {counts[role]:,}" for role in ROLES if counts[role])
    yield Remark("split_lists", "pass", len(lists.files), f"splits as {listed(lists.files)} say, {given}")
    if lists.unknown:
        message = f"{counted(len(lists.unknown), 'name')} in lists of splits are of no image ({listed(lists.unknown)})"
        yield Remark("unknown_names", "warn", len(lists.unknown), message, lists.unknown[:10])
    unlisted = [place for place, role in enumerate(found.roles) if role is None]
    if unlisted:
        examples = tuple(storable(found.images[place]) for place in unlisted[:10])
        message = f"{counted(len(unlisted), 'image')} in no list of a split ({listed(examples)}): left out"
        yield Remark("unlisted", "drop", len(unlisted), message, examples)
        found.take([place for place, role in enumerate(found.roles) if role is not None])


def _of_missing(found: _Found, root: Path, config: SegmentationFolderData) -> Iterator[Remark]:
    """Images without a mask.

    Raises:
        UsageError: there are some, and the policy is to refuse, or no image has a mask.
    """
    bare = [place for place, mask in enumerate(found.masks) if mask is None]
    if not bare:
        return
    examples = tuple(storable(found.images[place]) for place in bare[:10])
    if len(bare) == len(found.images):
        masks = (
            f"; masks are called {listed(found.alone)}" if found.alone else f"; {found.listing.left_out or 'no masks'}"
        )
        raise UsageError(
            f"data.root={root}: no image has a mask of its name: images are called {listed(examples)}{masks}; "
            "data.mask_suffix=_x says what the names of masks add"
        )
    bear = f"{counted(len(bare), 'image')} ha{'s' if len(bare) == 1 else 've'} no mask ({listed(examples)})"
    if config.validation.missing_masks == "refuse":
        raise UsageError(f"data.root={root}: {bear}; add them, or set data.validation.missing_masks=drop")
    yield Remark("missing_masks", "drop", len(bare), f"{bear}: left out", examples)
    found.take([place for place, mask in enumerate(found.masks) if mask is not None])


def _of_left_out(found: _Found) -> Iterator[Remark]:
    yield from passed_over(found.listing)
    if alone := [storable(mask) for mask in found.alone]:
        message = f"{counted(len(alone), 'mask')} without an image ({listed(alone)}): left out"
        yield Remark("masks_without_image", "warn", len(alone), message, tuple(alone[:10]))


def _groups(images: Sequence[str], pattern: str | None) -> tuple[tuple[str, ...] | None, list[Remark]]:
    """What each image belongs to by its path; one that the pattern does not fit is a group of its own.

    Raises:
        UsageError: the pattern is none, or fits no image.
    """
    if pattern is None:
        return None, []
    try:
        found = [re.search(pattern, image) for image in images]
    except re.error as error:
        raise UsageError(f"data.group_pattern={pattern} is no regular expression: {error}") from error
    if not any(found):
        raise UsageError(f"data.group_pattern={pattern} fits no image; the first is {images[0]}")
    groups = tuple(
        image if one is None else one[1] if one.re.groups and one[1] is not None else one[0]
        for image, one in zip(images, found, strict=True)
    )
    message = f"{counted(len(set(groups)), 'group')} by data.group_pattern ({listed(sorted(set(groups)))})"
    return groups, [Remark("groups", "pass", len(set(groups)), message)]
