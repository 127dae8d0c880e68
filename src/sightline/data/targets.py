"""What is to be predicted of each item: a class, or the mask of its image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

MISSING = -1
"""The class of an item whose class is not known."""

LABEL = "label"
"""The name of the target of a data set with one class an image."""

MASK = "mask"
"""The name of the target of a data set with a mask of each image."""


@dataclass(frozen=True, eq=False)
class ClassTarget:
    """A class for each item.

    Attributes:
        values: (n,) int64, positions in `class_names`, or `MISSING`.
        class_names: sorted by name.
    """

    values: NDArray[np.int64]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, positions: NDArray[np.int64]) -> "ClassTarget":
        """The column of the items at these positions."""
        return ClassTarget(self.values[positions], self.class_names)

    def counts(self, positions: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """(classes,) how many of these items, or of all, are of each class."""
        values = self.values if positions is None else self.values[positions]
        return np.bincount(values[values != MISSING], minlength=len(self.class_names))


class MaskCodes(NamedTuple):
    """What stands for each class in the files of masks.

    Attributes:
        values: grey values or indices of a palette, 0 … 65535; or colours, 65536 red + 256 green + blue.
        ids: the class id, or the ignore index, that each of them means.
        are_colours: whether they are colours.
    """

    values: tuple[int, ...]
    ids: tuple[int, ...]
    are_colours: bool


@dataclass(frozen=True, eq=False)
class MaskTarget:
    """A mask for each item: a class for each of its pixels.

    Attributes:
        values: (n,) where each mask lies, or its class ids, (h, w) uint8; None where an item has none. A mask is as
            large as its image.
        class_names: by class id.
        ignore_index: the class id of pixels that do not count, 0 … 255.
        coded: what stands for each class in the files; None where they hold class ids themselves.
        colours: by class id, what each class is drawn in, 65536 red + 256 green + blue; None where the data say none.
    """

    values: tuple[Path | NDArray[np.uint8] | None, ...]
    class_names: tuple[str, ...]
    ignore_index: int
    coded: MaskCodes | None = None
    colours: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, positions: NDArray[np.int64]) -> "MaskTarget":
        """The column of the items at these positions."""
        return replace(self, values=tuple(self.values[i] for i in positions.tolist()))

    @property
    def codes(self) -> MaskCodes:
        """What stands for each class in the files."""
        ids = tuple(sorted({*range(len(self.class_names)), self.ignore_index}))
        return self.coded or MaskCodes(ids, ids, are_colours=False)


@dataclass(frozen=True, eq=False)
class MaskHashes:
    """The masks of a split: what was in the file of each.

    Attributes:
        hashes: (n,) of the contents of the mask files, None where an item has no mask.
        class_names: by class id.
        ignore_index: the class id of pixels that do not count, 0 … 255.
        colours: see `MaskTarget`.
    """

    hashes: tuple[str | None, ...]
    class_names: tuple[str, ...]
    ignore_index: int
    colours: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.hashes)

    def take(self, positions: NDArray[np.int64]) -> "MaskHashes":
        """The column of the items at these positions."""
        return replace(self, hashes=tuple(self.hashes[i] for i in positions.tolist()))


Target = TypeVar("Target")


def of_kind(targets: Mapping[str, object], kind: type[Target]) -> dict[str, Target]:
    """The targets of one kind by name, in their order."""
    return {name: target for name, target in targets.items() if isinstance(target, kind)}


def only_class(targets: Mapping[str, object]) -> ClassTarget:
    """The class target, where it is the only one.

    Raises:
        ValueError: there is none, or more than one.
    """
    classes = of_kind(targets, ClassTarget)
    if len(classes) != 1:
        raise ValueError(f"one class target is expected, there are {', '.join(classes) or 'none'}")
    return next(iter(classes.values()))


def class_counts(targets: Mapping[str, object], positions: Sequence[int] | NDArray[np.int64]) -> list[tuple[str, int]]:
    """Every class of every class target by name, and how many of these items are of it."""
    classes = of_kind(targets, ClassTarget)
    chosen = np.asarray(positions, dtype=np.int64)
    return [
        (class_name if len(classes) == 1 else f"{name}={class_name}", count)
        for name, target in classes.items()
        for class_name, count in zip(target.class_names, target.counts(chosen).tolist(), strict=True)
    ]


def class_names_of(targets: Mapping[str, ClassTarget | MaskTarget | MaskHashes]) -> list[str]:
    """The classes of every target, one after the other."""
    return [name for target in targets.values() for name in target.class_names]
