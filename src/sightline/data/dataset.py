"""The images of a run: which there are, who is in which split, and their decoded pixels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sightline.config.schema import Config
from sightline.data.sources.find import find
from sightline.data.sources.source import Source, limited
from sightline.data.splits.split import Split
from sightline.data.store.image_store import ImageStore
from sightline.data.store.opening import open_store
from sightline.errors import LockedSplitError, UsageError
from sightline.machine.terminal import ProgressBar

NOT_THE_DATA = "the data are not those that the run was trained on"


def list_images(config: Config) -> Source:
    """What the configuration's data hold, cut down to its `limit`."""
    return limited(find(config.data), config.limit, config.data.split_seed)


def decode_images(source: Source, side: int, config: Config) -> ImageStore:
    """The decoded images; what is kept of them is under `runs_dir`, whatever command comes next."""
    with ProgressBar(len(source), "decoding") as bar:
        return open_store(
            source,
            side,
            Path(config.runs_dir) / ".store",
            config.data.workers,
            lambda done, _: bar.update(done, "decoding"),
            config.data.store,
        )


@dataclass(frozen=True)
class Dataset:
    """A split and the pixels of its items.

    Attributes:
        split: who is in which role.
        store: decoded images.
        rows: (n,) the store's row of each item of the split.
        test_unlocked: whether the test items may be read.
    """

    split: Split
    store: ImageStore
    rows: NDArray[np.int64]
    test_unlocked: bool = False

    @classmethod
    def open(cls, config: Config, split: Split, side: int, *, test_unlocked: bool = False) -> Self:
        """List and decode the images of a stored split.

        Raises:
            UsageError: an image is gone, or no longer what it was.
        """
        source = list_images(config)
        store = decode_images(source, side, config)
        row_of = {name: row for row, name in enumerate(source.ids)}
        gone = [name for name in split.ids if name not in row_of]
        if gone:
            raise UsageError(f"{len(gone)} images of this run are gone, {gone[0]} first; {NOT_THE_DATA}")
        rows = np.array([row_of[name] for name in split.ids], dtype=np.int64)
        pairs = zip(split.ids, rows, split.hashes, strict=True)
        changed = [name for name, row, digest in pairs if store.facts.hashes[row] != digest]
        if changed:
            raise UsageError(f"{len(changed)} images of this run have changed, {changed[0]} first; {NOT_THE_DATA}")
        return cls(split, store, rows, test_unlocked)

    def groups(self, role: str) -> NDArray[np.str_] | None:
        """The group of each item of a role, for resampling whole groups (rule 9); None where there are none."""
        groups = self.split.groups
        return None if groups is None else np.array([groups[position] for position in self.positions(role)])

    def positions(self, role: str) -> NDArray[np.int64]:
        """Positions in the split of the items of a role.

        Raises:
            LockedSplitError: the test items, while they are locked.
        """
        if role == "test" and not self.test_unlocked:
            raise LockedSplitError("the test split is locked: only an evaluation opens it, and its ledger says so")
        return self.split.indices(role)
