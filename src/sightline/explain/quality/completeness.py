"""Whether attributions add up to what they are to explain: the score of an image over that of its baseline."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

LIMIT = 0.01
"""An image is complete within one hundredth."""
_LEAST = 1e-6
"""Differences of scores below this are rounding."""


def completeness_error(attributions: Tensor, scores: Tensor, baselines: Tensor) -> NDArray[np.float64]:
    """(B,) the distance of the sum of attributions from the difference that they explain, over that difference.

    Args:
        attributions: (B, …), signed, of integrated gradients.
        scores: (B,) of the images.
        baselines: (B,) of what the integration starts from.

    Returns:
        0 where all adds up; NaN where image and baseline have the same score, so that there is nothing to explain.
    """
    total, change = (each.detach().double().cpu().numpy() for each in (attributions.flatten(1), scores - baselines))
    missed = np.abs(total.sum(axis=1) - change)
    there = np.abs(change) > _LEAST
    return np.asarray(np.divide(missed, np.abs(change), out=np.full(len(change), np.nan), where=there))
