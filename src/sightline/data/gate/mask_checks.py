"""The part of the data gate that looks at masks: what cannot be used, what says little, and pixels by class."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.config.data import ValidationPolicy
from sightline.data.gate.findings import SHOWN_EXAMPLES, Finding, Wording, by_class, finding, how_many
from sightline.data.sources.source import ROLES, Source
from sightline.data.splits.split import Split
from sightline.data.store.mask_store import MaskStore
from sightline.data.targets import MaskTarget
from sightline.machine.text import significant

Mask = NDArray[np.bool_]

IGNORED: Final = "ignored"
"""What `validation.json` calls the pixels that do not count."""


@dataclass(frozen=True)
class MaskPixels:
    """How many pixels of the mask of each image are of each class.

    Attributes:
        class_names: by class id.
        counts: (n, classes + 1) int64; the last column counts those that do not count.
    """

    class_names: tuple[str, ...]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, target: MaskTarget, masks: MaskStore) -> "MaskPixels":
        """Count them in a store; each mask is read once."""
        return cls(target.class_names, masks.pixel_counts(len(target.class_names)))

    def take(self, positions: NDArray[np.int64]) -> "MaskPixels":
        """Those of the images at these positions."""
        return MaskPixels(self.class_names, self.counts[positions])

    def by_role(self, split: Split) -> dict[str, dict[str, int]]:
        """Of each split that holds images, by class.

        Args:
            split: of these very images.
        """
        names = (*self.class_names, IGNORED)
        sums = {role: self.counts[split.positions(role)].sum(axis=0).tolist() for role in ROLES}
        filled = {role: total for role, total in sums.items() if len(split.positions(role))}
        return {role: dict(zip(names, total, strict=True)) for role, total in filled.items()}


def check_masks(source: Source, masks: MaskStore, policy: ValidationPolicy) -> tuple[Finding, Mask]:
    """Look for masks that cannot be used: unreadable, of another size than their image, or of unknown classes.

    Returns:
        The finding, and an (n,) mask of the items that may be used.
    """
    bad = sorted(masks.errors)
    keep = np.ones(len(source), dtype=bool)
    keep[bad] = False
    why = [masks.errors[row].partition("; ")[::2] for row in bad[:SHOWN_EXAMPLES]]
    wording = Wording(
        fine="every mask can be used",
        found=f"{how_many(len(bad), 'mask', 'masks', ('', ''))}cannot be used",
        remedy="; ".join([*dict.fromkeys(hint for _, hint in why if hint), "repair or remove them"]),
        otherwise="data.validation.unusable_masks=drop" if keep.any() else "",
        dropped="their images are left out",
    )
    shown = [f"{_name(source, row)}: {error}" for row, (error, _) in zip(bad, why, strict=False)]
    return finding("unusable_masks", policy.unusable_masks, [source.ids[row] for row in bad], wording, shown), keep


def check_mask_pixels(split: Split, pixels: MaskPixels, masked: Mask) -> list[Finding]:
    """Look for masks of one class or of none, and for classes without pixels.

    Args:
        split: as it will be used.
        pixels: of its items.
        masked: (n,) which of them have a mask.
    """
    return [_empty(split, pixels, masked), *_absent(split, pixels), _shares(split, pixels)]


def _name(source: Source, row: int) -> str:
    """A mask's file and its image."""
    value = source.masks.values[row] if source.masks is not None else None
    return f"{value.name} of {source.ids[row]}" if isinstance(value, Path) else source.ids[row]


def _empty(split: Split, pixels: MaskPixels, masked: Mask) -> Finding:
    classes = (pixels.counts[:, :-1] > 0).sum(axis=1)
    silent, plain = masked & (classes == 0), masked & (classes == 1)
    bad = [*np.flatnonzero(silent).tolist(), *np.flatnonzero(plain).tolist()]
    wording = Wording(
        fine="every mask holds two classes or more",
        found=f"{how_many(int(silent.sum()), 'mask', 'masks', ('holds', 'hold'))} nothing that counts, "
        f"{how_many(int(plain.sum()), 'mask', 'masks', ('holds', 'hold'))} one class only",
        remedy="look whether they are finished",
    )
    return finding("empty_masks", "warn", [split.ids[i] for i in bad], wording)


def _absent(split: Split, pixels: MaskPixels) -> list[Finding]:
    """Classes that cannot be learned, or not be measured, for want of any pixel."""
    absent = {
        role: [name for name, count in counts.items() if not count and name != IGNORED]
        for role, counts in pixels.by_role(split).items()
    }
    untrained = absent.pop("train", list(pixels.class_names))
    unmeasured = by_class(absent)
    return [
        finding(
            "untrained_mask_classes",
            "refuse" if len(untrained) == len(pixels.class_names) else "warn",
            untrained,
            Wording(
                fine="masks in train hold every class",
                found=f"{how_many(len(untrained), 'class of masks has', 'classes of masks have', ('', ''))}no pixel in "
                "train",
                remedy="nothing in train counts, so nothing can be learned: look whether masks are finished, and at "
                "data.ignore_index"
                if len(untrained) == len(pixels.class_names)
                else "they cannot be learned: add images of them",
            ),
        ),
        finding(
            "unmeasured_mask_classes",
            "warn",
            unmeasured,
            Wording(
                fine="masks in every held-out split hold every class",
                found=f"{how_many(len(unmeasured), 'class of masks has', 'classes of masks have', ('', ''))}no pixel "
                "in a held-out split",
                remedy="a class there has IoU 0 once a pixel is taken for it, else no figure: add images of them",
            ),
        ),
    ]


def _shares(split: Split, pixels: MaskPixels) -> Finding:
    """How the pixels of train are shared among the classes, told as it is."""
    counts = pixels.by_role(split).get("train", {})
    total = sum(counts.values())
    return Finding("mask_pixels", "warn", "pass", 0, f"pixels in train: {_by_share(counts, total)}", ())


def _by_share(counts: Mapping[str, int], total: int) -> str:
    """`road 31.2 %, sky 16.8 %, …`, the most frequent first."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {significant(100 * count / max(1, total), 2)} %" for name, count in ranked if count)
