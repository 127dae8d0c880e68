"""Tversky loss: overlap in which pixels that are falsely called a class and those that are missed weigh apart."""

from dataclasses import dataclass

from torch import Tensor

from sightline.tasks.segmentation.losses.counted import counted, mean_of_present

TINY = 1e-7
"""What no denominator falls below."""


@dataclass(frozen=True)
class Tversky:
    """One less (TP + smooth) / (TP + alpha FP + beta FN + smooth), soft counts (Salehi et al. 2017), see `PixelLoss`.

    The mean is over the classes that the truth of an image holds. A class that it lacks has no overlap to gain; falsely
    called pixels of it are missed pixels of others.

    Attributes:
        ignore_index: the class id of pixels that do not count.
        alpha: weight of pixels that are falsely called the class.
        beta: weight of pixels of the class that are missed; with alpha = beta = 1/2 it is the Dice loss.
        smooth: pixels added above and below.
    """

    ignore_index: int
    alpha: float
    beta: float
    smooth: float

    def __call__(self, logits: Tensor, masks: Tensor) -> Tensor:
        """(n,) of the images."""
        found = counted(logits, masks, self.ignore_index)
        right = (found.probabilities * found.truth).sum(dim=2)
        false = found.probabilities.sum(dim=2) - right
        missed = found.truth.sum(dim=2) - right
        whole = right + self.alpha * false + self.beta * missed + self.smooth
        return mean_of_present(1 - (right + self.smooth) / whole.clamp(min=TINY), found.present)
