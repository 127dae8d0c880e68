"""Where images and masks lie under a root: two folders, two of each split, or one with both."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sightline.data.sources.listing import folders_in, images_below, images_in
from sightline.data.sources.remarks import folders
from sightline.data.sources.source import ROLE_WORDS
from sightline.errors import UsageError

IMAGES: Final = ("images", "image", "imgs", "img", "jpegimages", "leftimg8bit", "rgb", "photos")
MASKS: Final = (
    *("masks", "mask", "labels", "label", "annotations", "annotation", "gt", "groundtruth", "ground_truth"),
    *("segmentationclass", "segmentation", "segmentations", "gtfine", "annots", "trimaps"),
)
"""What folders of images and of masks are called, in any case."""

BESIDE: Final = ("annot", "_labels", "_masks", "_mask", "_label", "_annotations", "_gt", "labels", "masks")
"""What the folder of a split's masks adds to that of its images: `train/` and `trainannot/`."""


@dataclass(frozen=True)
class FolderPair:
    """Images and their masks.

    Attributes:
        role: what they are for, or None where the folders do not say.
        images: the folder of images, relative to the root; empty for the root.
        masks: the folder of masks; the same where both lie together.
    """

    role: str | None
    images: str
    masks: str


def folder_pairs(root: Path) -> list[FolderPair]:
    """Every folder of images under a root, with that of its masks.

    Raises:
        UsageError: there is none, several may be meant, or there are splits without train.
        OSError: a folder cannot be read.
    """
    names = folders_in(str(root))
    if both := _named(root, names, ""):
        return _splits_within(root, *both) or [FolderPair(None, *both)]
    found = [pair for name in names if (pair := _of_split(root, name, names))]
    if not found:
        if images_in(str(root)).images:
            return [FolderPair(None, "", "")]
        raise UsageError(_nothing(root, names))
    if "train" not in {pair.role for pair in found}:
        raise UsageError(f"data.root={root} holds {folders([pair.images for pair in found])} but no train/")
    return found


def _named(root: Path, names: Sequence[str], prefix: str) -> tuple[str, str] | None:
    """The folder of images and that of masks among these names.

    Raises:
        UsageError: several may be meant.
    """
    images, masks = (
        _filled(root / prefix, [name for name in names if name.lower() in words]) for words in (IMAGES, MASKS)
    )
    if not images or not masks:
        return None
    for found, what in ((images, "images"), (masks, "masks")):
        if len(found) > 1:
            raise UsageError(
                f"data.root={root / prefix} holds {folders(found)}: which are the {what}? Rename the others"
            )
    return f"{prefix}{images[0]}", f"{prefix}{masks[0]}"


def _filled(folder: Path, names: Sequence[str]) -> list[str]:
    """Of several folders those that hold images: Pascal VOC's `Annotations/` holds XML beside `SegmentationClass/`."""
    filled = [name for name in names if len(names) > 1 and images_below(str(folder / name)).images]
    return filled or list(names)


def _splits_within(root: Path, images: str, masks: str) -> list[FolderPair]:
    """`images/train` and `masks/train`; nothing where the folders are no splits."""
    inside = {ROLE_WORDS[name.lower()]: name for name in folders_in(str(root / images)) if name.lower() in ROLE_WORDS}
    beside = {ROLE_WORDS[name.lower()]: name for name in folders_in(str(root / masks)) if name.lower() in ROLE_WORDS}
    if "train" not in inside or "train" not in beside:
        return []
    return [
        FolderPair(role, f"{images}/{name}", f"{masks}/{beside[role]}")
        for role, name in inside.items()
        if role in beside
    ]


def _of_split(root: Path, name: str, names: Sequence[str]) -> FolderPair | None:
    """The images and masks of a split: in two folders within it, in a folder beside it, or together."""
    role = ROLE_WORDS.get(name.lower())
    if role is None:
        return None
    if pair := _named(root, folders_in(str(root / name)), f"{name}/"):
        return FolderPair(role, *pair)
    beside = [other for other in names if other.lower() in {f"{name.lower()}{ending}" for ending in BESIDE}]
    if beside:
        return FolderPair(role, name, beside[0])
    return FolderPair(role, name, name) if images_in(str(root / name)).images else None


def _nothing(root: Path, names: Sequence[str]) -> str:
    """What was looked for, and what there is."""
    there = f"it holds {folders(names)}" if names else "it holds no folders"
    inside = [name for name in names if _named(root, folders_in(str(root / name)), "")]
    hint = f"; did you mean data.root={root / inside[0]}?" if len(inside) == 1 else ""
    return (
        f"data.root={root} holds no images with masks: looked for images/ and masks/ there or in train/, val/ and "
        f"test/, images/train/ and masks/train/, train/ and trainannot/, or images beside masks; {there}{hint}"
    )
