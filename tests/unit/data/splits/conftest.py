"""Sources and their splits."""

from pathlib import Path

import numpy as np

from sightline.config.data import DigitsData, ValidationPolicy
from sightline.data.sources.source import ROLES, Source
from sightline.data.splits.assignment import make_split

POLICY = ValidationPolicy(
    unreadable="refuse",
    duplicates_across_splits="drop",
    near_duplicates="warn",
    label_conflicts="warn",
    small_class="warn",
    small_class_items=10,
    odd_images="warn",
    similar_classes="warn",
    blank_labels="refuse",
    missing_masks="refuse",
    unusable_masks="refuse",
)


def config(val=0.1, calibration=0.1, test=0.2, seed=0):
    return DigitsData(
        name="digits",
        val_fraction=val,
        calibration_fraction=calibration,
        test_fraction=test,
        split_seed=seed,
        store="auto",
        workers=None,
        duplicates="separate",
        validation=POLICY,
    )


def source(labels, roles=None, groups=None, prefix=""):
    labels = np.asarray(labels, dtype=np.int64)
    ids = tuple(f"{prefix}{number:05d}.jpg" for number in range(len(labels)))
    names = tuple(f"class {label:03d}" for label in range(int(labels.max()) + 1))
    return Source.of_classes(
        ids=ids,
        labels=labels,
        class_names=names,
        roles=(None,) * len(labels) if roles is None else tuple(roles),
        groups=None if groups is None else tuple(map(str, groups)),
        files=tuple(map(Path, ids)),
    )


def split(items, hashes=None, **fractions):
    return make_split(
        items, [f"hash of {name}" for name in items.ids] if hashes is None else hashes, config(**fractions)
    )


def role_of(made):
    return dict(zip(made.ids, made.roles.tolist(), strict=True))


def sizes(made):
    return {role: len(made.positions(role)) for role in ROLES}
