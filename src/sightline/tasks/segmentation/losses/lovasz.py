"""Lovász-softmax: the extension of the Jaccard loss from sets of pixels to probabilities (Berman et al. 2018)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.tasks.segmentation.losses.counted import counted, mean_of_present


@dataclass(frozen=True)
class Lovasz:
    """Of each image, the mean over the classes that its truth holds; see `PixelLoss`.

    Attributes:
        ignore_index: the class id of pixels that do not count.
    """

    ignore_index: int

    def __call__(self, logits: Tensor, masks: Tensor) -> Tensor:
        """(n,) of the images."""
        found = counted(logits, masks, self.ignore_index)
        # Pixels that do not count have no error, so they come last and add nothing.
        errors, order = (found.truth - found.probabilities).abs().sort(dim=2, descending=True)
        return mean_of_present((errors * _slopes(found.truth.gather(2, order))).sum(dim=2), found.present)


def _slopes(truth: Tensor) -> Tensor:
    """The gradient of the extension in errors that fall: by how much each pixel in turn raises the Jaccard loss.

    Args:
        truth: (..., pixels) whether each is of the class, by falling error.
    """
    whole = truth.sum(dim=-1, keepdim=True)
    intersection = whole - truth.cumsum(dim=-1)
    union = whole + (1 - truth).cumsum(dim=-1)
    jaccard = 1 - intersection / union
    return torch.cat([jaccard[..., :1], jaccard[..., 1:] - jaccard[..., :-1]], dim=-1)
