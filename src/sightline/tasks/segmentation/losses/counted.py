"""What every loss of masks begins with: probabilities, and the truth as one channel a class, where pixels count."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class PixelLoss(Protocol):
    """A loss of masks."""

    def __call__(self, logits: Tensor, masks: Tensor) -> Tensor:
        """One number for each image, 0 for an image without a pixel that counts.

        Args:
            logits: (n, classes, h, w) float32.
            masks: (n, h, w) int64 class ids, or the one of pixels that do not count.

        Returns:
            (n,) float32.
        """


class Counted(NamedTuple):
    """Pixels that count; all others are 0 in both.

    Attributes:
        probabilities: (n, classes, pixels) of each class.
        truth: (n, classes, pixels) float32, 1 at the class of a pixel.
    """

    probabilities: Tensor
    truth: Tensor

    @property
    def present(self) -> Tensor:
        """(n, classes) whether the truth of an image holds a class."""
        return self.truth.sum(dim=2) > 0


def counted(logits: Tensor, masks: Tensor, ignore_index: int) -> Counted:
    """See `PixelLoss` for the arguments."""
    masks = masks.flatten(1)[:, None]
    counts = masks != ignore_index
    probabilities = logits.flatten(2).softmax(dim=1) * counts
    truth = torch.zeros_like(probabilities).scatter_(1, masks.where(counts, 0), counts.to(probabilities))
    return Counted(probabilities, truth)


def mean_of_present(losses: Tensor, present: Tensor) -> Tensor:
    """(n,) the mean over the classes that each image holds, 0 where it holds none.

    Args:
        losses: (n, classes).
        present: (n, classes) whether the truth of an image holds a class.
    """
    return (losses * present).sum(dim=1) / present.sum(dim=1).clamp(min=1)


def mean_of_counted(losses: Tensor, masks: Tensor, ignore_index: int) -> Tensor:
    """(n,) the mean over the pixels of each image that count, 0 where none does.

    Args:
        losses: (n, h, w), 0 where a pixel does not count.
        masks: (n, h, w).
        ignore_index: the class id of pixels that do not count.
    """
    return losses.flatten(1).sum(dim=1) / (masks != ignore_index).flatten(1).sum(dim=1).clamp(min=1)
