"""Which mask belongs to which image, by their names."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from sightline.data.sources.remarks import listed
from sightline.errors import UsageError

SUFFIXES: Final = (
    *("_mask", "-mask", "_masks", "_gt", "_L", "_P", "_label", "_labels", "_lab", "_seg", "_segmentation"),
    *("_annotation", "_gtFine_labelIds", "_gtFine_labelTrainIds", "_manual1"),
)
"""What a mask's name may add to that of its image."""

_IMAGE_END: Final = re.compile(r"(_leftImg8bit|_sat|_image|_img|_rgb)$")
"""What an image's name may have in its place."""


@dataclass(frozen=True)
class Pairs:
    """Images with their masks.

    Attributes:
        mask_of: the mask of each image that has one.
        alone: masks without an image.
        suffixes: what the names of masks add to those of their images, those that occur.
    """

    mask_of: Mapping[str, str]
    alone: tuple[str, ...]
    suffixes: tuple[str, ...]


def stem(path: str) -> str:
    """A path without the ending of its name, its letters composed."""
    folder, slash, name = path.rpartition("/")
    return unicodedata.normalize("NFC", folder + slash + (name.rpartition(".")[0] or name))


def paired(images: Sequence[str], masks: Sequence[str], suffix: str | None) -> Pairs:
    """Find the mask of each image.

    Args:
        images: paths below the folder of images.
        masks: likewise of masks.
        suffix: what the name of a mask adds to that of its image; None tries none, and then those that are usual.

    Raises:
        UsageError: an image has two masks, or two images share one.
    """
    by_stem = _by_stem(masks, suffix)
    mask_of: dict[str, str] = {}
    image_of: dict[str, str] = {}
    used: set[str] = set()
    stems = {stem(image) for image in images}
    for image in images:
        ending, found = _masks_of(stem(image), stems, by_stem)
        if len(found) > 1:
            remedy = "remove one, or say which with data.mask_suffix=_… ('' for the one called as its image)"
            raise UsageError(f"{image} has {len(found)} masks, {listed(found)}; {remedy}")
        for mask in found:
            if mask in image_of:
                raise UsageError(f"{image_of[mask]} and {image} share the mask {mask}; rename or remove one of them")
            image_of[mask], mask_of[image] = image, mask
            used.add(ending)
    alone = tuple(mask for mask in masks if mask not in image_of)
    return Pairs(mask_of, alone, tuple(sorted(used - {""})))


def split_by_suffix(names: Sequence[str], suffix: str | None) -> tuple[list[str], list[str]]:
    """Images and masks that lie together: a mask bears a suffix, and there is an image without it."""
    endings = SUFFIXES if suffix is None else (suffix,)
    stems = {stem(name) for name in names}
    masks = {
        name
        for name in names
        for ending in endings
        if ending and stem(name).endswith(ending) and stem(name).removesuffix(ending) in stems
    }
    return [name for name in names if name not in masks], sorted(masks)


def _by_stem(masks: Sequence[str], suffix: str | None) -> dict[str, dict[str, list[str]]]:
    """Masks by what their name adds, then by the stem of the image that they may belong to."""
    endings = ("", *SUFFIXES) if suffix is None else (suffix,)
    found: dict[str, dict[str, list[str]]] = {ending: defaultdict(list) for ending in endings}
    for mask in masks:
        whole = stem(mask)
        for ending in endings:
            if whole.endswith(ending):
                found[ending][whole.removesuffix(ending)].append(mask)
    return found


def _masks_of(image: str, images: Set[str], by_stem: Mapping[str, Mapping[str, list[str]]]) -> tuple[str, list[str]]:
    """What the masks of an image add to its name, and those masks.

    Beside a mask of the image's very name, one that is called as another image is that one's.

    Args:
        image: the stem of its path.
        images: the stems of all.
        by_stem: see `_by_stem`.
    """
    for name in dict.fromkeys((image, _IMAGE_END.sub("", image))):
        same = by_stem.get("", {}).get(name, [])
        found = [(ending, mask) for ending, masks in by_stem.items() for mask in masks.get(name, [])]
        found = [one for one in found if not same or not one[0] or stem(one[1]) not in images]
        if found:
            return found[0][0], [mask for _, mask in found]
    return "", []
