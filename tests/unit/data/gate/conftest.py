"""Small sources, splits and facts for the data gate."""

from pathlib import Path

import numpy as np

from sightline.config.data import ValidationPolicy
from sightline.data.gate.duplicates.find import NO_NEAR_COPIES
from sightline.data.gate.image_checks import check_images
from sightline.data.gate.split_checks import check_split
from sightline.data.sources.source import Source
from sightline.data.splits.split import Split
from sightline.data.store.index import ImageFacts
from sightline.data.targets import ClassTarget


def policy(**changes):
    content = {
        "unreadable": "refuse",
        "duplicates_across_splits": "drop",
        "near_duplicates": "warn",
        "label_conflicts": "warn",
        "small_class": "warn",
        "small_class_items": 3,
        "odd_images": "warn",
        "similar_classes": "warn",
        "blank_labels": "refuse",
        "missing_masks": "refuse",
        "unusable_masks": "refuse",
    }
    return ValidationPolicy(**(content | changes))


def source(labels, roles=None, names=("cat", "dog")):
    ids = tuple(f"{number}.jpg" for number in range(len(labels)))
    return Source.of_classes(
        ids=ids,
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple(names),
        roles=(None,) * len(labels) if roles is None else tuple(roles),
        files=tuple(map(Path, ids)),
    )


def facts(count, hashes=None, modes=None, widths=None, errors=None, brightest=None):
    errors = errors or {}
    sizes = np.array([0 if i in errors else (widths or {}).get(i, 100) for i in range(count)], dtype=np.int32)
    return ImageFacts(
        hashes=tuple((hashes or {}).get(i, f"hash {i}") for i in range(count)),
        widths=sizes,
        heights=np.where(sizes > 0, 80, 0).astype(np.int32),
        modes=tuple("" if i in errors else (modes or {}).get(i, "RGB") for i in range(count)),
        errors=errors,
        brightest=np.array([(brightest or {}).get(i, 0) for i in range(count)], dtype=np.int32),
    )


def split(roles, labels=None, hashes=None, groups=None, names=("cat", "dog")):
    count = len(roles)
    return Split(
        ids=tuple(f"{number}.jpg" for number in range(count)),
        hashes=tuple((hashes or {}).get(i, f"hash {i}") for i in range(count)),
        targets={"label": ClassTarget(np.arange(count) % 2 if labels is None else np.array(labels), names)},
        groups=groups,
        roles=np.array(roles),
        seed=0,
    )


def before(source, facts, **changes):
    findings, keep = check_images(source, facts, policy(**changes))
    return {finding.check: finding for finding in findings}, keep


def after(split, near=NO_NEAR_COPIES, **changes):
    findings, keep = check_split(split, policy(**changes), near)
    return {finding.check: finding for finding in findings}, keep
