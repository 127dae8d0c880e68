"""The first half of the data gate: what spoils results in the images and their targets themselves."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from sightline.config.data import ValidationPolicy
from sightline.data.gate.findings import SHOWN_EXAMPLES, Finding, Wording, finding, how_many
from sightline.data.sources.source import Source
from sightline.data.store.index import ImageFacts

Mask = NDArray[np.bool_]

FAR = 4
"""A side is odd beyond this many times the median, or below the median over this."""


def check_images(source: Source, facts: ImageFacts, policy: ValidationPolicy) -> tuple[list[Finding], Mask]:
    """Look at the images: unreadable, one content under two labels, odd modes and sizes.

    Returns:
        The findings, and an (n,) mask of what may be used. Unreadable images never may, whatever the policy.
    """
    keep = np.ones(len(source), dtype=bool)
    keep[list(facts.errors)] = False
    conflicts, conflicting = _label_conflicts(source, facts, keep, policy)
    unreadable = _unreadable(source, facts, policy)
    if conflicts.outcome == "drop":
        keep &= ~conflicting
    return [unreadable, conflicts, _odd_images(source, facts, keep, policy)], keep


def _unreadable(source: Source, facts: ImageFacts, policy: ValidationPolicy) -> Finding:
    bad = sorted(facts.errors)
    wording = Wording(
        fine="every image can be read",
        found=f"{how_many(len(bad), 'image', 'images')} unreadable",
        remedy="they are left out" if policy.unreadable == "warn" else "repair or remove them",
        otherwise="data.validation.unreadable=drop",
    )
    shown = [f"{source.ids[i]}: {facts.errors[i]}" for i in bad[:SHOWN_EXAMPLES]]
    return finding("unreadable", policy.unreadable, [source.ids[i] for i in bad], wording, shown)


def _label_conflicts(source: Source, facts: ImageFacts, keep: Mask, policy: ValidationPolicy) -> tuple[Finding, Mask]:
    """The finding, and a mask of every copy of a content that bears more than one label."""
    content = np.unique(facts.hashes, return_inverse=True)[1]
    pairs = np.unique(np.stack([content[keep], source.strata[keep]]), axis=1)
    conflicting = keep & (np.bincount(pairs[0], minlength=int(content.max(initial=0)) + 1) > 1)[content]
    ids = [source.ids[i] for i in np.flatnonzero(conflicting)]
    wording = Wording(
        fine="equal images bear equal labels",
        found=f"{how_many(len(ids), 'image', 'images')} under another label elsewhere, with equal content",
        remedy="decide which label is right",
        otherwise="data.validation.label_conflicts=drop",
    )
    return finding("label_conflicts", policy.label_conflicts, ids, wording), conflicting


def _odd_images(source: Source, facts: ImageFacts, keep: Mask, policy: ValidationPolicy) -> Finding:
    """Images whose kind of colour or whose size is unlike the others'."""
    used = np.flatnonzero(keep)
    kinds = np.array([_kind(facts.modes[i]) for i in used])
    odd_kind = kinds != Counter(kinds.tolist()).most_common(1)[0][0] if len(used) else np.zeros(0, dtype=bool)
    odd_size = np.zeros(len(used), dtype=bool)
    for sides in (facts.widths[used], facts.heights[used]):
        median = float(np.median(sides)) if len(used) else 0.0
        odd_size |= (sides > FAR * median) | (sides * FAR < median)
    odd = used[odd_kind | odd_size].tolist()
    reasons = {"by kind of colour": odd_kind.sum(), f"by a side more than {FAR} times off the median": odd_size.sum()}
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
    wording = Wording(
        fine="modes and sizes are alike",
        found=f"{how_many(len(odd), 'image', 'images')} unlike the others ({told})",
        remedy="all are read, as RGB, transparency over white; remove those alone that show something else",
        otherwise="data.validation.odd_images=warn",
    )
    shown = [f"{source.ids[i]}: {facts.modes[i]} {facts.widths[i]} x {facts.heights[i]}" for i in odd[:SHOWN_EXAMPLES]]
    return finding("odd_images", policy.odd_images, [source.ids[i] for i in odd], wording, shown)


def _kind(mode: str) -> str:
    """What a mode means to the eye: grey, colour, colour for print, or with transparency."""
    if mode in {"1", "L", "F"} or mode.startswith("I"):
        return "grey"
    if mode in {"LA", "La", "PA", "RGBA", "RGBa"}:
        return "alpha"
    return "print" if mode == "CMYK" else "colour"
