"""Batches: any batch of any epoch is a pure function of (seed, epoch, index), so it can be replayed alone."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import MixingConfig
from sightline.data.dataset import Dataset
from sightline.data.order import Order, balanced, shuffled
from sightline.data.prefetch import read_ahead
from sightline.data.randomness import permutation
from sightline.data.transforms.mixing import mix
from sightline.data.transforms.transform import EvalTransform, TrainTransform


@dataclass(frozen=True)
class Batch:
    """Items on the training device.

    Attributes:
        images: (n, 3, s, s) float32, normalised.
        targets: by name; `label` is (n,) int64, or (n, classes) float32 where items were mixed.
        positions: (n,) of the items in the split.
        weight: of the items' mean loss in the loss of the step: 1 for a whole batch, less for a part of one.
    """

    images: Tensor
    targets: dict[str, Tensor]
    positions: NDArray[np.int64]
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.images)

    def micro_batches(self, count: int) -> list["Batch"]:
        """Cut into at most `count` micro-batches of nearly equal size, each weighing as many items as it has."""
        if count == 1:
            return [self]
        cuts = [cut for cut in np.array_split(np.arange(len(self)), count) if len(cut)]
        return [self._part(slice(int(cut[0]), int(cut[-1]) + 1)) for cut in cuts]

    def _part(self, span: slice) -> "Batch":
        targets = {key: value[span] for key, value in self.targets.items()}
        positions = self.positions[span]
        return Batch(self.images[span], targets, positions, self.weight * len(positions) / len(self))


class Chosen(NamedTuple):
    """The items of a batch.

    Attributes:
        positions: (n,) in the split.
        draws: (n,) what the random numbers of each item are counted by: its position, until it comes again.
        weight: see `Batch`.
    """

    positions: NDArray[np.int64]
    draws: NDArray[np.int64]
    weight: float = 1.0


@dataclass(frozen=True)
class Pixels:
    """Items as the store holds them, before anything is done to them.

    Attributes:
        images: (n, 3, h, w) uint8, in pinned memory where they go to cuda.
        sizes: (n, 2) each image's own height and width, on the CPU.
        chosen: which items they are.
    """

    images: Tensor
    sizes: Tensor
    chosen: Chosen


def _waits(dataset: Dataset, device: torch.device) -> bool:
    """Whether fetching a batch leaves the processor idle."""
    return dataset.store.waits or device.type == "cuda"


def _pixels(dataset: Dataset, chosen: NDArray[np.int64], device: torch.device) -> tuple[Tensor, Tensor]:
    images, sizes = dataset.store.batch(dataset.rows[chosen])
    # Only from pinned memory does a copy to the device run beside the computation.
    return images.pin_memory() if device.type == "cuda" else images, sizes


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
        views: augmented views of each image that the first epochs show in turn; None is a new one every epoch.
        views_until: the epoch before which they do.
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
    views: int | None = None
    views_until: int = 0

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
        return self._prepared(self._fetch((epoch, index)), epoch, progress)

    def batches(self, first: int, last: int, total: int | None = None) -> Generator[Batch, None, None]:
        """The batches of steps `first` … `last - 1`, of `total` over all epochs; the next one is fetched ahead."""
        steps = range(first, last)
        keys = (divmod(step, len(self)) for step in steps)
        with closing(read_ahead(self._fetch, keys, waits=_waits(self.dataset, self.device))) as fetched:
            for step, pixels in zip(steps, fetched, strict=True):
                yield self._prepared(pixels, step // len(self), step / (total or last))

    def view(self, epoch: int) -> int:
        """The epoch whose augmentation an epoch shows."""
        return epoch % self.views if self.views and epoch < self.views_until else epoch

    def targets(self, positions: NDArray[np.int64]) -> dict[str, Tensor]:
        """What is known of the items at these positions, on the device."""
        return {"label": torch.from_numpy(self.dataset.split.labels[positions]).to(self.device)}

    def _fetch(self, key: tuple[int, int]) -> Pixels:
        chosen = self.chosen(*key)
        return Pixels(*_pixels(self.dataset, chosen.positions, self.device), chosen)

    def chosen(self, epoch: int, index: int) -> Chosen:
        """The items of batch `index` of `epoch`."""
        order = self._ordered(epoch)
        whole = _share(0, len(order.items), index, self._batches)
        mine = _share(whole.start, whole.stop, self.rank, self.processes)
        positions = self.positions[order.items[mine]]
        draws = positions + order.turns[mine] * len(self.dataset.split.ids)
        # Gradients are averaged over processes whose shares may differ by one item.
        return Chosen(positions, draws, weight=len(positions) * self.processes / (whole.stop - whole.start))

    @cached_property
    def _ordered(self) -> Callable[[int], Order]:
        """The order of an epoch; the last two are remembered."""
        if self.sampler == "balanced":
            order = partial(balanced, self.seed, labels=self.dataset.split.labels[self.positions])
        else:
            order = partial(shuffled, self.seed, n=len(self.positions))
        return lru_cache(maxsize=2)(order)

    def _prepared(self, pixels: Pixels, epoch: int, progress: float) -> Batch:
        positions, draws, weight = pixels.chosen
        images = pixels.images.to(self.device, non_blocking=True)
        images = self.transform(images, pixels.sizes, self.view(epoch), draws)
        targets = self.targets(positions)
        images, targets["label"] = mix(
            images,
            targets["label"],
            len(self.dataset.split.class_names),
            self.mixing,
            seed=self.seed,
            epoch=epoch,
            indices=draws,
            progress=progress,
        )
        return Batch(images.contiguous(memory_format=self.memory_format), targets, positions, weight)


def _share(first: int, last: int, index: int, parts: int) -> slice:
    """Part `index` of the places `first` … `last - 1`, of `parts` that differ in size by one at most, larger first."""
    size, larger = divmod(last - first, parts)
    start = first + index * size + min(index, larger)
    return slice(start, start + size + (index < larger))


@dataclass(frozen=True)
class EvalLoader:
    """Batches of one role in the order of the split, without any randomness.

    Of several processes each sees its own items, and no item is seen twice.
    """

    dataset: Dataset
    role: str
    transform: EvalTransform
    batch_size: int
    device: torch.device
    memory_format: torch.memory_format
    rank: int = 0
    processes: int = 1

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """The items of this process, in the order of the split."""
        return np.array_split(self.dataset.positions(self.role), self.processes)[self.rank]

    def __len__(self) -> int:
        return -(-len(self.positions) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        starts = range(0, len(self.positions), self.batch_size)
        with closing(read_ahead(self._fetch, starts, waits=_waits(self.dataset, self.device))) as fetched:
            for pixels in fetched:
                images = self.transform(pixels.images.to(self.device, non_blocking=True), pixels.sizes)
                positions = pixels.chosen.positions
                labels = torch.from_numpy(self.dataset.split.labels[positions]).to(self.device)
                yield Batch(images.contiguous(memory_format=self.memory_format), {"label": labels}, positions)

    def _fetch(self, start: int) -> Pixels:
        positions = self.positions[start : start + self.batch_size]
        return Pixels(*_pixels(self.dataset, positions, self.device), Chosen(positions, positions))
