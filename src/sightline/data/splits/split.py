"""Who is in which split, and the file that keeps it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sightline.data.sources.source import ROLES, as_positions
from sightline.data.splits.target_json import columns, further_targets, head, heads, label_of, read_targets, values
from sightline.data.targets import ClassTarget, MaskHashes, of_kind, only_class


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
        names = () if label is None else label.class_names
        labels = [None] * len(self.ids) if label is None else label.values.tolist()
        items = sorted(zip(self.ids, self.hashes, labels, self.roles.tolist(), strict=True))
        more = [
            [name, head(target), sorted(zip(self.ids, values(target), strict=True))]
            for name, target in sorted(further_targets(self.targets).items())
        ]
        return blake2b(json.dumps([names, items, *more]).encode(), digest_size=16).hexdigest()
