"""The second half of the data gate: what spoils results in the splits together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.config.data import ValidationPolicy
from sightline.data.gate.duplicates.find import NO_NEAR_COPIES, NearCopies
from sightline.data.gate.findings import Finding, Wording, by_class, finding, how_many
from sightline.data.gate.near_checks import check_near
from sightline.data.sources.source import ROLES
from sightline.data.splits.split import Split
from sightline.data.targets import class_counts

Mask = NDArray[np.bool_]


def check_split(
    split: Split, policy: ValidationPolicy, near: NearCopies = NO_NEAR_COPIES
) -> tuple[list[Finding], Mask]:
    """Look at the splits together: shared contents, near copies, shared groups, classes that one of them lacks.

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
    nearly, unlike = check_near(split.take(keep), near, policy)
    keep[keep] = unlike
    kept = split.take(keep)
    return [duplicates, *nearly, *_shared_groups(kept, policy), *_missing_classes(kept, policy)], keep


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
        remedy="keep each in one; where the split column is blank, whole groups are assigned",
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
    unmeasured = by_class(absent)
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
