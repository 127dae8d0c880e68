"""What images there are, before any of them is decoded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROLES = ("train", "val", "calibration", "test")
"""What an item is for: to fit, to choose, to calibrate, to report."""

ROLE_WORDS: Mapping[str, str] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "calibration": "calibration",
    "test": "test",
}
"""The words for a role in folder names and tables, in any case."""


@dataclass(frozen=True, eq=False)
class Source:
    """A list of labelled images.

    Attributes:
        ids: unique and stable names: the path relative to the root, or split and number.
        labels: (n,) int64, positions in `class_names`.
        class_names: sorted by name.
        roles: what the source itself says each item is for; None where it says nothing.
        groups: what each item belongs to (patient, video), never to be split; None without groups.
        files: where each image lies, or None.
        pixels: (n, height, width, 3) uint8, or None. Exactly one of `files` and `pixels` is given.
    """

    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    roles: tuple[str | None, ...]
    groups: tuple[str, ...] | None = None
    files: tuple[Path, ...] | None = None
    pixels: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        assert (self.files is None) != (self.pixels is None), "exactly one of files and pixels"
        columns = (self.labels, self.roles, self.groups, self.files, self.pixels)
        assert all(len(column) == len(self.ids) for column in columns if column is not None), "columns differ in length"
        assert len(set(self.ids)) == len(self.ids), "ids repeat"

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: ArrayLike) -> "Source":
        """The items at these positions, or where this mask is true, in that order; all class names stay."""
        positions = as_positions(indices)
        chosen = positions.tolist()
        return Source(
            ids=tuple(self.ids[i] for i in chosen),
            labels=self.labels[positions],
            class_names=self.class_names,
            roles=tuple(self.roles[i] for i in chosen),
            groups=None if self.groups is None else tuple(self.groups[i] for i in chosen),
            files=None if self.files is None else tuple(self.files[i] for i in chosen),
            pixels=None if self.pixels is None else self.pixels[positions],
        )


def limited(source: Source, limit: int | None, seed: int) -> Source:
    """At most `limit` items, in the source's order, in the source's proportions of role and class.

    Every role and class keeps an item while `limit` allows; which items stay is a function of seed and ids alone, so
    a larger limit mostly adds to a smaller one.
    """
    if limit is None or limit >= len(source):
        return source
    role = np.unique([role or "" for role in source.roles], return_inverse=True)[1]
    stratum = np.unique(role * len(source.class_names) + source.labels, return_inverse=True)[1]
    quota = _proportional(np.bincount(stratum), limit)
    order = np.lexsort((keyed_ranks(source.ids, seed), stratum))
    kept = places_within(stratum[order]) < quota[stratum[order]]
    return source.take(np.sort(order[kept]))


def keyed_ranks(ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """A pseudo-random number for each id, a function of the id and the seed alone: adding an item moves no other."""
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
