"""What images there are, before any of them is decoded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sightline.data.sources.remarks import Remark
from sightline.data.targets import LABEL, MISSING, ClassTarget, MaskTarget, of_kind, only_class

Pixels = NDArray[np.uint8] | tuple[NDArray[np.uint8], ...]
"""Images in memory, of one size or of several."""

ROLES = ("train", "val", "calibration", "test")
"""What an item is for: to fit, to choose, to calibrate, to report."""

ROLE_WORDS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "calibration": "calibration",
    "test": "test",
    "testing": "test",
}
"""The words for a role in folder names and tables, in any case."""


@dataclass(frozen=True, eq=False)
class Source:
    """A list of images, and what is to be predicted of each.

    Attributes:
        ids: unique and stable names: the path relative to the root, or split and number.
        targets: by name; of masks one at most.
        strata: (n,) int64 from 0: what splits and limits are balanced by. For classification the labels.
        roles: what the source itself says each item is for; None where it says nothing.
        groups: what each item belongs to (patient, video), never to be split; None without groups.
        files: where each image lies, or None.
        pixels: (n, height, width, 3) uint8, or of each image (height, width, 3) where sizes differ, or None. Exactly
            one of `files` and `pixels` is given.
        remarks: what was passed over or taken for granted when the images were listed.
    """

    ids: tuple[str, ...]
    targets: Mapping[str, ClassTarget | MaskTarget]
    strata: NDArray[np.int64]
    roles: tuple[str | None, ...]
    groups: tuple[str, ...] | None = None
    files: tuple[Path, ...] | None = None
    pixels: Pixels | None = None
    remarks: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        assert (self.files is None) != (self.pixels is None), "exactly one of files and pixels"
        columns = (self.strata, self.roles, self.groups, self.files, self.pixels, *self.targets.values())
        assert all(len(column) == len(self.ids) for column in columns if column is not None), "columns differ in length"
        assert len(set(self.ids)) == len(self.ids), "ids repeat"
        assert self.strata.min(initial=0) >= 0, "strata count from 0"
        assert len(of_kind(self.targets, MaskTarget)) <= 1, "more than one target of masks"

    @classmethod
    def of_classes(
        cls,
        ids: tuple[str, ...],
        labels: NDArray[np.int64],
        class_names: tuple[str, ...],
        roles: tuple[str | None, ...],
        groups: tuple[str, ...] | None = None,
        files: tuple[Path, ...] | None = None,
        pixels: Pixels | None = None,
        remarks: tuple[Remark, ...] = (),
    ) -> Self:
        """Images with one class each, (n,) positions in `class_names` or `MISSING`, which is a stratum of its own."""
        strata = np.where(labels == MISSING, len(class_names), labels)
        return cls(ids, {LABEL: ClassTarget(labels, class_names)}, strata, roles, groups, files, pixels, remarks)

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) the values of the only class target."""
        return only_class(self.targets).values

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the only class target."""
        return only_class(self.targets).class_names

    @property
    def masks(self) -> MaskTarget | None:
        """The target of masks, if there is one."""
        return next(iter(of_kind(self.targets, MaskTarget).values()), None)

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: ArrayLike) -> Self:
        """The items at these positions, or where this mask is true, in that order; all class names stay."""
        positions = as_positions(indices)
        listed = positions.tolist()
        return replace(
            self,
            ids=tuple(self.ids[i] for i in listed),
            targets={name: target.take(positions) for name, target in self.targets.items()},
            strata=self.strata[positions],
            roles=tuple(self.roles[i] for i in listed),
            groups=None if self.groups is None else tuple(self.groups[i] for i in listed),
            files=None if self.files is None else tuple(self.files[i] for i in listed),
            pixels=tuple(self.pixels[i] for i in listed)
            if isinstance(self.pixels, tuple)
            else None
            if self.pixels is None
            else self.pixels[positions],
        )


def limited(source: Source, limit: int | None, seed: int) -> Source:
    """At most `limit` items, in the source's order, in the source's proportions of role and stratum.

    Every role and stratum keeps an item while `limit` allows; which items stay is a function of seed and ids alone, so
    a larger limit mostly adds to a smaller one.
    """
    if limit is None or limit >= len(source):
        return source
    role = np.unique([role or "" for role in source.roles], return_inverse=True)[1]
    stratum = np.unique(role * (source.strata.max() + 1) + source.strata, return_inverse=True)[1]
    quota = _proportional(np.bincount(stratum), limit)
    order = np.lexsort((priorities(source.ids, seed), stratum))
    kept = places_within(stratum[order]) < quota[stratum[order]]
    return source.take(np.sort(order[kept]))


def priorities(ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """(n,) by which items are drawn, the lowest first: pseudo-random, each a function of its id and the seed alone.

    So one item more changes the order of no others.
    """
    key = str(seed).encode()
    digests = b"".join(blake2b(name.encode(), digest_size=8, key=key).digest() for name in ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def places_within(sorted_groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 … within each run of equal values: (n,) int64 of a sorted (n,)."""
    count = len(sorted_groups)
    changes = np.flatnonzero(sorted_groups[1:] != sorted_groups[:-1]) + 1
    starts = np.concatenate([[0], changes]).astype(np.int64)
    lengths = np.diff(np.append(starts, count))
    return np.arange(count, dtype=np.int64) - np.repeat(starts, lengths)


def as_positions(indices: ArrayLike) -> NDArray[np.int64]:
    """Positions of a mask or of a list of positions, as int64."""
    array = np.asarray(indices)
    return np.flatnonzero(array) if array.dtype == bool else array.astype(np.int64)


def _proportional(counts: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Shares of `total` in proportion to `counts`, each at least 1 while there is enough, none above its count."""
    if total <= len(counts):
        shares = np.zeros_like(counts)
        shares[np.argsort(-counts, kind="stable")[:total]] = 1
        return shares
    # One each first; what is left goes out by largest remainder, so the sum is exact.
    exact = (total - len(counts)) * (counts - 1) / max(1, int(counts.sum()) - len(counts))
    shares = np.floor(exact).astype(np.int64)
    missing = total - len(counts) - int(shares.sum())
    shares[np.argsort(shares - exact, kind="stable")[:missing]] += 1
    return 1 + shares
