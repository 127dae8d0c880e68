"""Batches: any batch of any epoch is a pure function of (seed, epoch, index), so it can be replayed alone.

Words for numbers that name things, here and in all of `data`:

- item: an image with its targets.
- row: of an item in a store, which holds what a source lists.
- position: of an item in the split, and so in `labels`, `ids` and every other column of it. A split holds fewer items
  than its source: `Dataset.rows` leads from positions to rows.
- place: of an item in any other list, such as the train items of this process in the order of an epoch.
- role: what an item is for: train, val, calibration or test.
- stratum: what splits are balanced by; for classification the class.
- unit: items that must get the same role, because they share a group or their content.
- index: of a batch in its epoch; a step counts batches over all epochs.
- counter: what the random numbers of an item are counted by: its position, or one beyond all positions where it comes
  again within an epoch.
- rank: of this process among those that train together.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.transforms import MixingConfig
from sightline.data.batch import Batch, BatchReader, Items, StoredBatch, StoredParts
from sightline.data.dataset import Dataset
from sightline.data.order import Order, balanced, shuffled
from sightline.data.prefetch import prefetch
from sightline.data.randomness import permutation
from sightline.data.store.padding import little_padded
from sightline.data.targets import MISSING, ClassTarget, of_kind
from sightline.data.transforms.evaluation import EvalTransform
from sightline.data.transforms.mixing import is_on, mix
from sightline.data.transforms.transform import TrainTransform
from sightline.errors import UsageError

USUAL: Final = 2
"""How many times its shorter side an image is long at most, for a whole batch of them to be evaluated at once."""


@dataclass(frozen=True)
class TrainLoader:
    """Shuffled, augmented, mixed batches of the train split.

    Every item is seen once an epoch, or every class equally often; the batches differ in size by one at most, so that
    none is too small for batch normalisation. Of several processes each takes its share of every batch.

    Attributes:
        sampler: `shuffled` or `balanced`, see `order.py`.
        steps_per_epoch: batches an epoch at most; None is all.
        overfit_batches: train on the items of so many batches only, again and again; None is on all.
        rank: which of the processes this one is.
        processes: how many train together.
        cached_views: augmented views of each image that the first epochs show in turn; None is a new one every epoch.
        cached_until: the epoch before which they do.
    """

    dataset: Dataset
    transform: TrainTransform
    mixing: MixingConfig
    batch_size: int
    seed: int
    device: torch.device
    memory_format: torch.memory_format
    sampler: Literal["shuffled", "balanced"] = "shuffled"
    steps_per_epoch: int | None = None
    overfit_batches: int | None = None
    rank: int = 0
    processes: int = 1
    cached_views: int | None = None
    cached_until: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be done with these targets.

        Raises:
            UsageError: mixing or balancing without one known class for each image, or mixing with masks.
        """
        classes = of_kind(self.dataset.split.targets, ClassTarget)
        labelled = len(classes) == 1 and not any((one.values == MISSING).any() for one in classes.values())
        if is_on(self.mixing) and (self.dataset.masks is not None or not labelled):
            why = "cannot mix masks" if self.dataset.masks is not None else "need one known class for each image"
            raise UsageError(f"MixUp and CutMix {why}: set transforms.mixing.probability=0")
        if self.sampler == "balanced" and not labelled:
            raise UsageError("imbalance.sampler=balanced needs one known class for each image; shuffled needs none")

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """The train items, in the order of the split."""
        positions = self.dataset.positions("train")
        if self.overfit_batches is None:
            return positions
        return positions[np.sort(permutation(self.seed, 0, len(positions))[: self.overfit_batches * self.batch_size])]

    @property
    def _batches(self) -> int:
        return -(-len(self.positions) // self.batch_size)

    def __len__(self) -> int:
        return min(self._batches, self.steps_per_epoch or self._batches)

    def batch(self, epoch: int, index: int, progress: float) -> Batch:
        """Batch `index` of `epoch`; `progress` in 0…1 says how far the training is."""
        return self._augmented(self._read((epoch, index)), epoch, progress)

    def batches(self, first: int, last: int, total: int | None = None) -> Generator[Batch, None, None]:
        """The batches of steps `first` … `last - 1`, of `total` over all epochs; the next one is read ahead."""
        steps = range(first, last)
        keys = (divmod(step, len(self)) for step in steps)
        with closing(prefetch(self._read, keys, in_thread=self._reader.gains_from_a_thread)) as batches:
            for step, stored in zip(steps, batches, strict=True):
                yield self._augmented(stored, step // len(self), step / (total or last))

    def augmentation_epoch(self, epoch: int) -> int:
        """The epoch whose random numbers augment the images of an epoch."""
        return epoch % self.cached_views if self.cached_views and epoch < self.cached_until else epoch

    def items(self, epoch: int, index: int) -> Items:
        """The items of batch `index` of `epoch`."""
        order = self._ordered(epoch)
        whole = _share(0, len(order.places), index, self._batches)
        mine = _share(whole.start, whole.stop, self.rank, self.processes)
        positions = self.positions[order.places[mine]]
        counters = positions + order.repeats[mine] * len(self.dataset.split.ids)
        # Gradients are averaged over processes whose shares may differ by one item.
        return Items(positions, counters, weight=len(positions) * self.processes / (whole.stop - whole.start))

    def targets(self, positions: NDArray[np.int64]) -> dict[str, Tensor]:
        """The classes of the items at these positions, on the device."""
        return self._reader.targets(positions)

    @cached_property
    def _reader(self) -> BatchReader:
        return BatchReader(self.dataset, self.device, self.memory_format)

    @cached_property
    def _ordered(self) -> Callable[[int], Order]:
        """The order of an epoch; the last two are remembered."""
        if self.sampler == "balanced":
            order = partial(balanced, self.seed, labels=self.dataset.split.labels[self.positions])
        else:
            order = partial(shuffled, self.seed, n=len(self.positions))
        return lru_cache(maxsize=2)(order)

    def _read(self, key: tuple[int, int]) -> StoredParts:
        items = self.items(*key)
        shapes = self.dataset.store.index.shapes[self.dataset.rows[items.positions]]
        places = little_padded(shapes) if self.transform.fit == "whole" else [np.arange(len(shapes))]
        return StoredParts(items, places, [self._reader.read(items.part(some)) for some in places])

    def _transformed(self, stored: StoredBatch, epoch: int) -> tuple[Tensor, dict[str, Tensor]]:
        counters = stored.items.counters
        return self._reader.transformed(
            stored,
            partial(self.transform, epoch=epoch, counters=counters),
            partial(self.transform.with_masks, epoch=epoch, counters=counters, fill=self.dataset.ignore_index),
        )

    def _augmented(self, stored: StoredParts, epoch: int, progress: float) -> Batch:
        shown = self.augmentation_epoch(epoch)
        images, targets = stored.joined([self._transformed(part, shown) for part in stored.parts])
        if is_on(self.mixing):
            ((name, classes),) = of_kind(self.dataset.split.targets, ClassTarget).items()
            images, targets[name] = mix(
                images,
                targets[name],
                len(classes.class_names),
                self.mixing,
                seed=self.seed,
                epoch=epoch,
                counters=stored.items.counters,
                progress=progress,
            )
        return self._reader.batch(images, targets, stored.items)


def _share(first: int, last: int, index: int, parts: int) -> slice:
    """Part `index` of the places `first` … `last - 1`, of `parts` that differ in size by one at most, larger first."""
    size, larger = divmod(last - first, parts)
    start = first + index * size + min(index, larger)
    return slice(start, start + size + (index < larger))


@dataclass(frozen=True)
class EvalLoader:
    """Batches of one role in the order of the split, without any randomness.

    Of several processes each sees its own items, and no item is seen twice. Where images keep their shape, a batch ends
    where another shape comes, so that no image is padded for its neighbour and no answer depends on it. Of images more
    than twice as long as wide a batch holds fewer. With `most` only so many items are seen, evenly taken.
    """

    dataset: Dataset
    role: str
    transform: EvalTransform
    batch_size: int
    device: torch.device
    memory_format: torch.memory_format
    rank: int = 0
    processes: int = 1
    most: int | None = None

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """The items of this process, in the order of the split."""
        all_of_them = self.dataset.positions(self.role)
        if self.most is not None and self.most < len(all_of_them):
            all_of_them = all_of_them[np.arange(self.most) * len(all_of_them) // self.most]
        return np.array_split(all_of_them, self.processes)[self.rank]

    @cached_property
    def _batches(self) -> list[NDArray[np.int64]]:
        """The positions of each batch."""
        runs = [self.positions]
        if self.transform.fit == "whole":
            shapes = self.dataset.store.index.shapes[self.dataset.rows[self.positions]]
            runs = np.split(self.positions, np.flatnonzero((shapes[1:] != shapes[:-1]).any(axis=1)) + 1)
        steps = [self._at_once(run) for run in runs]
        return [
            run[start : start + step]
            for run, step in zip(runs, steps, strict=True)
            for start in range(0, len(run), step)
        ]

    def _at_once(self, run: NDArray[np.int64]) -> int:
        """Images of a batch: fewer where they are so long that a batch would hold more than of the usual shapes."""
        if self.transform.fit != "whole" or not len(run):
            return self.batch_size
        shorter, longer = sorted(self.dataset.store.index.shapes[self.dataset.rows[run[0]]].tolist())
        most: int = self.batch_size * USUAL * shorter // max(1, longer)
        return max(1, min(self.batch_size, most))

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        reader = BatchReader(self.dataset, self.device, self.memory_format)
        items = (Items(some, some) for some in self._batches)
        with_masks = partial(self.transform.with_masks, fill=self.dataset.ignore_index)
        with closing(prefetch(reader.read, items, in_thread=reader.gains_from_a_thread)) as batches:
            for stored in batches:
                yield reader.batch(*reader.transformed(stored, self.transform, with_masks), stored.items)
