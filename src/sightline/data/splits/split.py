"""Who is in which split: decided once, by class, by whole groups, by content (rule 1)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sightline.config.schema import DataConfig
from sightline.data.sources.source import ROLES, Source, as_positions, priorities
from sightline.data.splits.stratify import Pool, stratify
from sightline.data.splits.target_json import columns, further_targets, head, heads, label_of, read_targets, values
from sightline.data.targets import ClassTarget, MaskHashes, MaskTarget, of_kind, only_class

WIDEST = f"U{max(map(len, ROLES))}"
"""The type of an array that can hold every role."""


@dataclass(frozen=True, eq=False)
class Split:
    """Every item with its role.

    Attributes:
        ids: (n,) unique names.
        hashes: (n,) of the contents of the images.
        targets: by name, as the source gives them; of masks the hashes of their contents.
        groups: (n,) what each item belongs to, or None.
        roles: (n,) strings out of `ROLES`.
        seed: that the split was drawn with.
    """

    ids: tuple[str, ...]
    hashes: tuple[str, ...]
    targets: Mapping[str, ClassTarget | MaskHashes]
    groups: tuple[str, ...] | None
    roles: NDArray[np.str_]
    seed: int

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) the values of the only class target."""
        return only_class(self.targets).values

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the only class target, by label."""
        return only_class(self.targets).class_names

    @property
    def mask_hashes(self) -> tuple[str | None, ...] | None:
        """(n,) of the contents of the masks, where there is a target of masks."""
        return next((masks.hashes for masks in of_kind(self.targets, MaskHashes).values()), None)

    def positions(self, role: str) -> NDArray[np.int64]:
        """Positions of the items of a role, in the order of `ids`."""
        assert role in ROLES, role
        return np.flatnonzero(self.roles == role)

    def take(self, indices: ArrayLike) -> Self:
        """The items at these positions, or where this mask is true, in that order."""
        positions = as_positions(indices)
        listed = positions.tolist()
        return replace(
            self,
            ids=tuple(self.ids[i] for i in listed),
            hashes=tuple(self.hashes[i] for i in listed),
            targets={name: target.take(positions) for name, target in self.targets.items()},
            groups=None if self.groups is None else tuple(self.groups[i] for i in listed),
            roles=self.roles[positions],
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values for `split.json`: the items of each role."""
        parts = {role: self.take(self.positions(role)) for role in ROLES}
        return {
            "seed": self.seed,
            **heads(self.targets),
            "counts": {role: len(part.ids) for role, part in parts.items()},
            "items": {
                role: {
                    "ids": list(part.ids),
                    "hashes": list(part.hashes),
                    **columns(part.targets),
                    "groups": None if part.groups is None else list(part.groups),
                }
                for role, part in parts.items()
            },
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote; the items come role by role."""
        parts = [content["items"][role] for role in ROLES]
        grouped = all(part["groups"] is not None for part in parts)
        return cls(
            ids=tuple(name for part in parts for name in part["ids"]),
            hashes=tuple(value for part in parts for value in part["hashes"]),
            targets=read_targets(content, parts),
            groups=tuple(name for part in parts for name in part["groups"]) if grouped else None,
            roles=np.repeat(np.array(ROLES), [len(part["ids"]) for part in parts]),
            seed=content["seed"],
        )

    def groups_of(self, ids: Sequence[str]) -> NDArray[np.str_] | None:
        """(n,) the group of each of these items (a patient, a video); None where there are none."""
        if self.groups is None:
            return None
        group = dict(zip(self.ids, self.groups, strict=True))
        return np.array([group[name] for name in ids])

    def fingerprint(self) -> str:
        """BLAKE2b of 128 bits, in hexadecimal, of classes and items with their roles, whatever their order."""
        label = label_of(self.targets)
        names, labels = ((), [None] * len(self.ids)) if label is None else (label.class_names, label.values.tolist())
        items = sorted(zip(self.ids, self.hashes, labels, self.roles.tolist(), strict=True))
        more = [
            [name, head(target), sorted(zip(self.ids, values(target), strict=True))]
            for name, target in sorted(further_targets(self.targets).items())
        ]
        return blake2b(json.dumps([names, items, *more]).encode(), digest_size=16).hexdigest()


def make_split(
    source: Source, hashes: Sequence[str], config: DataConfig, mask_hashes: Sequence[str | None] = ()
) -> Split:
    """Give every item a role.

    Roles that the source gives are kept. A role it does not give at all is cut out of what it calls train or nothing,
    as a fraction of that pool: to a whole item a stratum, whole groups only, items of equal content in one group. Which
    items these are depends on a keyed hash of (split_seed, id), not on their order or on each other: another file
    more moves hardly any. Every stratum keeps a train item if it can; items without a role that belong to a group with
    a held-out one follow it.

    Args:
        source: the items.
        hashes: of the contents of the images.
        config: what is held out.
        mask_hashes: of the contents of the masks, where the source has some.
    """
    given = np.array([role or "" for role in source.roles])
    units = _units(source.groups, hashes)
    roles = _followed(given, units)
    pool = np.flatnonzero((roles == "") | (roles == "train"))
    fractions = {
        role: fraction
        for role, fraction in (
            ("test", config.test_fraction),
            ("val", config.val_fraction),
            ("calibration", config.calibration_fraction),
        )
        if fraction > 0.0 and not (given == role).any()
    }
    drawn = stratify(
        Pool(
            strata=source.strata[pool],
            units=units[pool],
            priorities=priorities([source.ids[i] for i in pool], config.split_seed),
            strata_count=int(source.strata.max(initial=-1)) + 1,
        ),
        tuple(fractions.values()),
    )
    names = np.array(["train", *fractions])
    roles[pool] = names[drawn + 1]
    return Split(source.ids, tuple(hashes), _targets(source, mask_hashes), source.groups, roles, config.split_seed)


def in_one_role(source: Source, hashes: Sequence[str], role: str) -> Split:
    """Every item of a source in the same role; masks are left out."""
    roles = np.full(len(source), role)
    return Split(source.ids, tuple(hashes), of_kind(source.targets, ClassTarget), source.groups, roles, seed=0)


def _targets(source: Source, mask_hashes: Sequence[str | None]) -> dict[str, ClassTarget | MaskHashes]:
    """The targets of the source, hashes in place of mask files."""
    return {
        name: MaskHashes(tuple(mask_hashes), target.class_names, target.ignore_index)
        if isinstance(target, MaskTarget)
        else target
        for name, target in source.targets.items()
    }


def _followed(given: NDArray[np.str_], units: NDArray[np.int64]) -> NDArray[np.str_]:
    """The given roles, where items without one take the most held-out role that their unit already has."""
    roles = given.astype(WIDEST)
    for role in ("val", "calibration", "test"):
        members = np.isin(units, units[given == role])
        roles[members & (given == "")] = role
    return roles


def _units(groups: Sequence[str] | None, hashes: Sequence[str]) -> NDArray[np.int64]:
    """A number for everything that must stay together: what a group or equal content connects."""
    contents = [content or f"unreadable {position}" for position, content in enumerate(hashes)]
    keys = [contents] if groups is None else [contents, list(groups)]
    items = np.arange(len(hashes))
    nodes, start = [], len(hashes)
    for key in keys:
        number = np.unique(key, return_inverse=True)[1].astype(np.int64)
        nodes.append(start + number)
        start += int(number.max(initial=-1)) + 1
    ends = (np.tile(items, len(keys)), np.concatenate(nodes))
    graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(start, start))
    units: NDArray[np.int64] = connected_components(graph, directed=False)[1][: len(hashes)].astype(np.int64)
    return units
