"""Batches of images that were changed between squares and normalisation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.data.batch import Batch
from sightline.data.dataset import Dataset
from sightline.data.loaders import EvalLoader
from sightline.data.preprocessing import Preprocessing

Change = Callable[[Tensor, Sequence[str]], Tensor]
"""From uint8 (B, 3, H, W), on the CPU, and the ids of the images to the same shape, in steps from 0 to 255."""


@dataclass(frozen=True)
class ChangedLoader:
    """Batches of a loader, their images changed.

    Attributes:
        loader: of the images as they are.
        preprocessing: that the loader does.
        change: what becomes of the pixels.
    """

    loader: EvalLoader
    preprocessing: Preprocessing
    change: Change

    @property
    def dataset(self) -> Dataset:
        """Whose items they are."""
        return self.loader.dataset

    @property
    def role(self) -> str:
        """Of the items."""
        return self.loader.role

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        ids = self.dataset.split.ids
        for batch in self.loader:
            named = [ids[position] for position in batch.positions]
            changed = self.change(squares_of(batch.images, self.preprocessing), named)
            images = seen_again(changed, batch.images, self.preprocessing)
            shaped = images.contiguous(memory_format=self.loader.memory_format)
            yield Batch(shaped, batch.targets, batch.positions, batch.weight)


def squares_of(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """uint8 (B, 3, H, W), on the CPU: normalised pixels lead back to the whole numbers that they were made of."""
    return torch.from_numpy(preprocessing.to_pixels(images)).permute(0, 3, 1, 2)


def seen_again(pixels: Tensor, images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Pixels in steps from 0 to 255 as the model sees them, where some images are."""
    return preprocessing.transform().normalise(pixels).to(images.device)
