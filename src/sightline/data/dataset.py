"""The images of a run: which there are, who is in which split, and their decoded pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sightline.config.data import CsvData, FolderData, SegmentationFolderData
from sightline.config.schema import Config
from sightline.data.formats import FULL_WHITE, HEIC_REMEDY, HEIC_SUFFIXES, reads_heic, white_for
from sightline.data.reduction import Reduction
from sightline.data.sources.find import find
from sightline.data.sources.remarks import counted
from sightline.data.sources.source import Source, limited
from sightline.data.sources.wanted import with_targets
from sightline.data.splits.split import Split
from sightline.data.store.factory import brightest_value, open_masks, open_store
from sightline.data.store.image_store import ImageStore
from sightline.data.store.mask_store import MaskStore
from sightline.errors import LockedSplitError, UsageError
from sightline.machine.terminal import ProgressBar

NOT_THE_DATA = "the data are not those that the run was trained on: put them back, or train a new run"


def list_images(config: Config) -> Source:
    """What the configuration's data hold of what its model learns, cut down to its `limit`.

    Raises:
        UsageError: there is nothing to be found, or nothing that this model could learn.
    """
    source = with_targets(find(config.data), config.model.targets, config.model.name, config.data.name)
    return limited(source, config.limit, config.data.split_seed)


def white_of(source: Source, reduction: Reduction, config: Config) -> int:
    """What is white in grey images of more than 8 bits: `data.white`, or by the brightest value of all images."""
    white = config.data.white if isinstance(config.data, FolderData | CsvData | SegmentationFolderData) else FULL_WHITE
    if white != "auto":
        return white
    with ProgressBar(len(source), "looking for white") as bar:
        show = partial(_show, bar, "looking for white")
        return white_for(brightest_value(source, reduction, _cache(config), config.data.workers, show))


def decode_images(source: Source, reduction: Reduction, config: Config, white: int = FULL_WHITE) -> ImageStore:
    """The decoded images; what is kept of them is under `runs_dir`, whatever command comes next."""
    with ProgressBar(len(source), "decoding") as bar:
        return open_store(
            source,
            reduction,
            _cache(config),
            config.data.workers,
            partial(_show, bar, "decoding"),
            config.data.store,
            white,
        )


def decode_masks(source: Source, images: ImageStore, config: Config) -> MaskStore | None:
    """The decoded masks, kept where the images are; None where the source has no target of masks."""
    if source.masks is None:
        return None
    with ProgressBar(len(source), "decoding masks") as bar:
        return open_masks(
            source,
            images,
            _cache(config),
            config.data.workers,
            partial(_show, bar, "decoding masks"),
            config.data.store,
        )


def _show(bar: ProgressBar, words: str, done: int, _: int) -> None:
    bar.update(done, words)


def _cache(config: Config) -> Path:
    return Path(config.runs_dir) / ".store"


@dataclass(frozen=True)
class Dataset:
    """A split and the pixels of its items.

    Attributes:
        split: who is in which role.
        store: decoded images.
        rows: (n,) the stores' row of each item of the split.
        test_unlocked: whether the test items may be read.
        masks: decoded masks, if there is a target of masks.
        files: (n,) where the image of each item of the split lies; None where images have no files of their own.
    """

    split: Split
    store: ImageStore
    rows: NDArray[np.int64]
    test_unlocked: bool = False
    masks: MaskStore | None = None
    files: tuple[Path, ...] | None = None

    @classmethod
    def open(
        cls, config: Config, split: Split, reduction: Reduction, *, white: int = FULL_WHITE, test_unlocked: bool = False
    ) -> Self:
        """List and decode the images of a stored split; `white` is that of its run's preprocessing.

        Raises:
            UsageError: an image is gone, or no longer what it was.
        """
        source = list_images(config)
        store = decode_images(source, reduction, config, white)
        masks = decode_masks(source, store, config)
        row_of = {name: row for row, name in enumerate(source.ids)}
        gone = [name for name in split.ids if name not in row_of]
        if gone:
            unread = any(Path(name).suffix.lower() in HEIC_SUFFIXES for name in gone) and not reads_heic()
            why = HEIC_REMEDY if unread else NOT_THE_DATA
            raise UsageError(f"gone of this run: {counted(len(gone), 'image')}, {gone[0]} first; {why}")
        rows = np.array([row_of[name] for name in split.ids], dtype=np.int64)
        _refuse_changed("images", split.ids, split.hashes, [store.facts.hashes[row] for row in rows])
        if split.mask_hashes is not None:
            found = (None,) * len(rows) if masks is None else masks.hashes(rows)
            _refuse_changed("masks", split.ids, split.mask_hashes, found)
        files = None if source.files is None else tuple(source.files[row] for row in rows)
        return cls(split, store, rows, test_unlocked, masks, files)

    @property
    def ignore_index(self) -> int:
        """The class id of pixels that do not count, where there is a target of masks."""
        return 0 if self.masks is None else self.masks.ignore_index

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
        return self.split.positions(role)


def _refuse_changed(noun: str, ids: Sequence[str], stored: Sequence[str | None], found: Sequence[str | None]) -> None:
    """Compare the contents that the split was made of with those that are there now.

    Raises:
        UsageError: one differs.
    """
    changed = [name for name, before, now in zip(ids, stored, found, strict=True) if before != now]
    if changed:
        raise UsageError(f"{len(changed)} {noun} of this run have changed, {changed[0]} first; {NOT_THE_DATA}")
