"""Batches: any batch of any epoch is a pure function of (seed, epoch, index), so it can be replayed alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.config.schema import MixingConfig
from sightline.data.dataset import Dataset
from sightline.data.mixing import mix
from sightline.data.randomness import permutation
from sightline.data.transforms import EvalTransform, TrainTransform


@dataclass(frozen=True)
class Batch:
    """Items on the training device.

    Attributes:
        images: (n, 3, s, s) float32, normalised.
        targets: by name; `label` is (n,) int64, or (n, classes) float32 where items were mixed.
        positions: (n,) of the items in the split.
    """

    images: Tensor
    targets: dict[str, Tensor]
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.images)

    def parts(self, count: int) -> list["Batch"]:
        """Cut into at most `count` micro-batches of nearly equal size."""
        if count == 1:
            return [self]
        cuts = [cut for cut in np.array_split(np.arange(len(self)), count) if len(cut)]
        spans = [slice(int(cut[0]), int(cut[-1]) + 1) for cut in cuts]
        return [
            Batch(self.images[span], {key: value[span] for key, value in self.targets.items()}, self.positions[span])
            for span in spans
        ]


@dataclass(frozen=True)
class TrainLoader:
    """Shuffled, augmented, mixed batches of the train split.

    Every item is seen once an epoch; the batches differ in size by one at most, so that none is too small for
    batch normalisation.
    """

    dataset: Dataset
    transform: TrainTransform
    mixing: MixingConfig
    batch_size: int
    seed: int
    device: torch.device
    memory_format: torch.memory_format

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """The train items, in the order of the split."""
        return self.dataset.positions("train")

    def __len__(self) -> int:
        return -(-len(self.positions) // self.batch_size)

    def batch(self, epoch: int, index: int, progress: float) -> Batch:
        """Batch `index` of `epoch`; `progress` in 0…1 says how far the training is."""
        chosen = self.positions[_shuffled(self.seed, epoch, len(self.positions), len(self))[index]]
        images, sizes = self.dataset.store.batch(self.dataset.rows[chosen])
        images = self.transform(images.to(self.device, non_blocking=True), sizes, epoch, chosen)
        labels = torch.from_numpy(self.dataset.split.labels[chosen]).to(self.device)
        images, labels = mix(
            images,
            labels,
            len(self.dataset.split.class_names),
            self.mixing,
            seed=self.seed,
            epoch=epoch,
            indices=chosen,
            progress=progress,
        )
        return Batch(images.contiguous(memory_format=self.memory_format), {"label": labels}, chosen)


@lru_cache(maxsize=2)
def _shuffled(seed: int, epoch: int, items: int, batches: int) -> list[NDArray[np.int64]]:
    """The items of each batch of an epoch."""
    return np.array_split(permutation(seed, epoch, items), batches)


@dataclass(frozen=True)
class EvalLoader:
    """Batches of one role in the order of the split, without any randomness."""

    dataset: Dataset
    role: str
    transform: EvalTransform
    batch_size: int
    device: torch.device
    memory_format: torch.memory_format

    def __len__(self) -> int:
        return -(-len(self.dataset.positions(self.role)) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        positions = self.dataset.positions(self.role)
        for start in range(0, len(positions), self.batch_size):
            chosen = positions[start : start + self.batch_size]
            images, sizes = self.dataset.store.batch(self.dataset.rows[chosen])
            images = self.transform(images.to(self.device, non_blocking=True), sizes)
            labels = torch.from_numpy(self.dataset.split.labels[chosen]).to(self.device)
            yield Batch(images.contiguous(memory_format=self.memory_format), {"label": labels}, chosen)
