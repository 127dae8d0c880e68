"""The data gate: what spoils results, looked for before any training; a policy says what each finding leads to."""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import ValidationPolicy
from sightline.data.gate.findings import SEVERITY, SHOWN_EXAMPLES, Finding, Wording, finding, how_many
from sightline.data.sources.source import ROLES, Source
from sightline.data.splits.split import Split
from sightline.data.store.index import ImageFacts
from sightline.data.targets import class_counts
from sightline.metrics.documents.validation import Found, Spread, Validation

__all__ = ["Finding", "after_split", "before_split", "summary"]

Mask = NDArray[np.bool_]

FAR = 4
"""A side is odd beyond this many times the median, or below the median over this."""


def before_split(source: Source, facts: ImageFacts, policy: ValidationPolicy) -> tuple[list[Finding], Mask]:
    """Look at the images: unreadable, one content under two labels, classes too small, odd modes and sizes.

    Returns:
        The findings, and an (n,) mask of what may be used. Unreadable images never may, whatever the policy.
    """
    keep = np.ones(len(source), dtype=bool)
    keep[list(facts.errors)] = False
    conflicts, conflicting = _label_conflicts(source, facts, keep, policy)
    unreadable = _unreadable(source, facts, policy)
    if conflicts.outcome == "drop":
        keep &= ~conflicting
    return [unreadable, conflicts, _small_classes(source, keep, policy), _odd_images(source, facts, keep, policy)], keep


def after_split(split: Split, policy: ValidationPolicy) -> tuple[list[Finding], Mask]:
    """Look at the splits together: shared contents, shared groups, classes that one of them lacks.

    Returns:
        The findings, and an (n,) mask of what may be used: with `drop`, the copy in the most held-out split
        (test, then calibration, val, train) stays, and the others go.
    """
    shared, less_held_out = _shared(split, split.hashes)
    duplicates = finding(
        "duplicates_across_splits",
        policy.duplicates_across_splits,
        [split.ids[i] for i in shared],
        Wording(
            fine="no content is in two splits",
            found=f"{how_many(len(shared), 'image', 'images')} in more than one split by content",
            remedy="remove the copies",
            otherwise="data.validation.duplicates_across_splits=drop",
            dropped=f"{int(less_held_out.sum()):,} are left out, the copies in the most held-out split stay",
        ),
    )
    keep = ~less_held_out if duplicates.outcome == "drop" else np.ones(len(split.ids), dtype=bool)
    kept = split.take(keep)
    return [duplicates, *_shared_groups(kept, policy), *_missing_classes(kept, policy)], keep


def summary(source: Source, facts: ImageFacts, findings: Sequence[Finding]) -> Validation:
    """The content of `validation.json`.

    Args:
        source: the items that are counted by class.
        facts: the images that sizes and modes are taken from; they may be more than `source` holds.
        findings: of both halves of the gate.
    """
    sides = {"width": facts.widths, "height": facts.heights} if facts.widths.any() else {}
    return {
        "n": len(source),
        "outcome": max((found.outcome for found in findings), key=SEVERITY.index, default="pass"),
        "classes": dict(class_counts(source.targets, np.arange(len(source)))),
        "sizes": {name: _spread(values[values > 0]) for name, values in sides.items()},
        "modes": dict(Counter(mode for mode in facts.modes if mode).most_common()),
        "findings": [_found(finding) for finding in findings],
    }


def _found(finding: Finding) -> Found:
    return {
        "check": finding.check,
        "policy": finding.policy,
        "outcome": finding.outcome,
        "count": finding.count,
        "message": finding.message,
        "examples": list(finding.examples),
    }


# ---------------------------------------------------------------- before the split


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


def _small_classes(source: Source, keep: Mask, policy: ValidationPolicy) -> Finding:
    """Classes with too few items to train on; those that the source holds out do not count."""
    trainable = keep & np.array([role in {None, "train"} for role in source.roles], dtype=bool)
    counts = class_counts(source.targets, np.flatnonzero(trainable))
    small = sorted((one for one in counts if one[1] < policy.small_class_items), key=itemgetter(1))
    few = how_many(len(small), "class", "classes", ("has", "have"))
    wording = Wording(
        fine=f"every class has {policy.small_class_items} images to train on, or more",
        found=f"{few} fewer than {policy.small_class_items} images to train on",
        remedy="add images or merge classes",
        otherwise="data.validation.small_class=warn",
    )
    shown = [f"{name}: {count}" for name, count in small[:SHOWN_EXAMPLES]]
    return finding("small_class", policy.small_class, [name for name, _ in small], wording, shown)


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
    wording = Wording(
        fine="modes and sizes are alike",
        found=f"{how_many(len(odd), 'image', 'images')} unlike the others ({odd_kind.sum():,} by kind of colour, "
        f"{odd_size.sum():,} by a side more than {FAR} times off the median)",
        remedy="look at them and remove what does not belong",
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


def _spread(values: NDArray[np.int32]) -> Spread:
    """Smallest, median and largest, whole where they are whole."""
    median = float(np.median(values))
    return {
        "min": int(values.min()),
        "median": int(median) if median.is_integer() else median,
        "max": int(values.max()),
    }


# ---------------------------------------------------------------- after the split


def _shared(split: Split, keys: Sequence[str]) -> tuple[list[int], Mask]:
    """Items whose key is in more than one role, and a mask of those that a more held-out role shares."""
    key = np.unique(np.array(keys), return_inverse=True)[1]
    role = np.array([ROLES.index(name) for name in split.roles.tolist()], dtype=np.int64)
    lowest = np.full(int(key.max(initial=-1)) + 1, len(ROLES))
    highest = np.full_like(lowest, -1)
    np.minimum.at(lowest, key, role)
    np.maximum.at(highest, key, role)
    return np.flatnonzero(lowest[key] < highest[key]).tolist(), role < highest[key]


def _shared_groups(split: Split, policy: ValidationPolicy) -> list[Finding]:
    """Groups that a source's own roles tear apart; nothing where there are no groups."""
    if split.groups is None:
        return []
    names = sorted({split.groups[i] for i in _shared(split, split.groups)[0]})
    wording = Wording(
        fine="no group is in two splits",
        found=f"{how_many(len(names), 'group', 'groups')} in more than one split",
        remedy="leave their split column blank, and whole groups are assigned",
        otherwise="data.validation.duplicates_across_splits=warn",
    )
    # Dropping could take whole splits away, so the policy for single images only warns here.
    rule = policy.duplicates_across_splits
    return [finding("groups_across_splits", "warn" if rule == "drop" else rule, names, wording)]


def _missing_classes(split: Split, policy: ValidationPolicy) -> list[Finding]:
    """Classes that cannot be learned, or not be measured, for want of any item."""
    absent = {
        role: [name for name, count in class_counts(split.targets, split.positions(role)) if not count]
        for role in ROLES
        if len(split.positions(role))
    }
    untrained = absent.pop("train", [name for name, _ in class_counts(split.targets, [])])
    unmeasured = [f"{name} in {role}" for role, names in absent.items() for name in names]
    return [
        finding(
            "untrained_classes",
            policy.small_class,
            untrained,
            Wording(
                fine="every class is in train",
                found=f"{how_many(len(untrained), 'class', 'classes')} missing in train",
                remedy="add images of them",
                otherwise="data.validation.small_class=warn",
            ),
        ),
        finding(
            "unmeasured_classes",
            "warn",
            unmeasured,
            Wording(
                fine="every class is in every held-out split",
                found=f"{how_many(len(unmeasured), 'class', 'classes')} missing in a held-out split",
                remedy="their figures there will be absent: add images of them",
            ),
        ),
    ]
