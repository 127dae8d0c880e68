"""Dice loss: what the overlap of a class lacks of being whole (Milletari et al. 2016, Sudre et al. 2017)."""

from dataclasses import dataclass

from torch import Tensor

from sightline.tasks.segmentation.losses.counted import counted, mean_of_present

TINY = 1e-7
"""What no denominator falls below."""


@dataclass(frozen=True)
class Dice:
    """One less (2 |A ∩ B| + smooth) / (|A| + |B| + smooth), by probabilities, without squares; see `PixelLoss`.

    The mean is over the classes that the truth of an image holds; a class that it lacks has no overlap to gain.

    Attributes:
        ignore_index: the class id of pixels that do not count.
        smooth: pixels added above and below.
    """

    ignore_index: int
    smooth: float

    def __call__(self, logits: Tensor, masks: Tensor) -> Tensor:
        """(n,) of the images."""
        found = counted(logits, masks, self.ignore_index)
        both = (found.probabilities * found.truth).sum(dim=2)
        sizes = found.probabilities.sum(dim=2) + found.truth.sum(dim=2)
        share = (2 * both + self.smooth) / (sizes + self.smooth).clamp(min=TINY)
        return mean_of_present(1 - share, found.present)
