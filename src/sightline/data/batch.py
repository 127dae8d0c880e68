"""A batch, and the one way to it from the rows of the stores, for training and for evaluation alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.data.dataset import Dataset
from sightline.data.targets import ClassTarget, of_kind

ImageTransform = Callable[[Tensor, Tensor], Tensor]
"""(images, sizes) as they are stored, to what a model sees."""

MaskTransform = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(images, masks, sizes) as they are stored, to what a model sees and the masks that belong to it."""


@dataclass(frozen=True)
class Batch:
    """Items on the training device.

    Attributes:
        images: (n, 3, s, s) float32, normalised.
        targets: by name. Of classes (n,) int64, -1 where it is not known, or (n, classes) float32 where items were
            mixed; of masks (n, s, s) uint8.
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


class Items(NamedTuple):
    """The items of a batch.

    Attributes:
        positions: (n,) in the split.
        counters: (n,) that their random numbers are counted by.
        weight: see `Batch`.
    """

    positions: NDArray[np.int64]
    counters: NDArray[np.int64]
    weight: float = 1.0

    def part(self, places: NDArray[np.int64]) -> "Items":
        """Those at some places, with the weight of all."""
        return Items(self.positions[places], self.counters[places], self.weight)


@dataclass(frozen=True)
class StoredBatch:
    """Items as the stores hold them, before anything is done to them.

    Attributes:
        items: which they are.
        images: (n, 3, h, w) uint8, in pinned memory where they go to cuda.
        sizes: (n, 2) each image's own height and width, on the CPU.
        masks: (n, h, w) uint8, likewise; None where there is no target of masks.
    """

    items: Items
    images: Tensor
    sizes: Tensor
    masks: Tensor | None


@dataclass(frozen=True)
class StoredParts:
    """The items of a batch in parts, so that images of unlike shapes are not padded to one another.

    Attributes:
        items: of the whole batch.
        places: of each part, in the batch.
        parts: what the stores hold of each.
    """

    items: Items
    places: list[NDArray[np.int64]]
    parts: list[StoredBatch]

    def joined(self, made: Sequence[tuple[Tensor, dict[str, Tensor]]]) -> tuple[Tensor, dict[str, Tensor]]:
        """Images and targets that were made of the parts, in the order of the batch."""
        if len(made) == 1:
            return made[0]
        order = torch.from_numpy(np.argsort(np.concatenate(self.places)))
        images = [one for one, _ in made]
        names = made[0][1]
        targets = {name: _in_order([some[name] for _, some in made], order) for name in names}
        return _in_order(images, order), targets


def _in_order(parts: Sequence[Tensor], order: Tensor) -> Tensor:
    whole = torch.cat(list(parts))
    return whole[order.to(whole.device)]


@dataclass(frozen=True)
class BatchReader:
    """Reads items from the stores of a data set, and brings them to a device.

    Attributes:
        dataset: whose items.
        device: of the batches.
        memory_format: of their images.
    """

    dataset: Dataset
    device: torch.device
    memory_format: torch.memory_format

    @property
    def gains_from_a_thread(self) -> bool:
        """Whether reading a batch leaves the processor idle."""
        masks = self.dataset.masks
        return self.device.type == "cuda" or self.dataset.store.is_io_bound or (masks is not None and masks.is_io_bound)

    def read(self, items: Items) -> StoredBatch:
        """Pixels from the stores."""
        rows = self.dataset.rows[items.positions]
        images, sizes = self.dataset.store.batch(rows)
        masks = self.dataset.masks
        if masks is None:
            return StoredBatch(items, self._pinned(images), sizes, None)
        return StoredBatch(items, self._pinned(images), sizes, self._pinned(masks.batch(rows, *images.shape[2:])))

    def _pinned(self, pixels: Tensor) -> Tensor:
        # Only from pinned memory does a copy to the device run beside the computation.
        return pixels.pin_memory() if self.device.type == "cuda" else pixels

    def transformed(
        self, stored: StoredBatch, transform: ImageTransform, with_masks: MaskTransform
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Images and targets on the device, after one of two ways of the same transform: with masks or without."""
        images = stored.images.to(self.device, non_blocking=True)
        targets = self.targets(stored.items.positions)
        masks = self.dataset.masks
        if masks is None or stored.masks is None:
            return transform(images, stored.sizes), targets
        images, targets[masks.name] = with_masks(images, stored.masks.to(self.device, non_blocking=True), stored.sizes)
        return images, targets

    def targets(self, positions: NDArray[np.int64]) -> dict[str, Tensor]:
        """The classes of the items at these positions, on the device."""
        classes = of_kind(self.dataset.split.targets, ClassTarget)
        return {name: torch.from_numpy(one.values[positions]).to(self.device) for name, one in classes.items()}

    def batch(self, images: Tensor, targets: dict[str, Tensor], items: Items) -> Batch:
        """What was read and transformed, as a batch."""
        images = images.contiguous(memory_format=self.memory_format)
        return Batch(images, targets, items.positions, items.weight)
