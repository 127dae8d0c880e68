"""What classes weigh in a loss by how often they occur."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray


def class_weights(kind: Literal["inverse", "effective"], beta: float, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(k,) weights whose mean over what was counted is 1, so that the rate keeps its meaning.

    `inverse` is one over the count; `effective` one over (1 - beta^count) / (1 - beta), the number of images (or
    pixels) that still bring something new (Cui et al. 2019).

    Args:
        kind: of the weights.
        beta: of `effective`.
        counts: (k,) how often each class occurs; one that never does weighs as one that occurs once.
    """
    present = np.maximum(counts, 1).astype(np.float64)
    sizes = present if kind == "inverse" else (1 - beta**present) / (1 - beta)
    weights: NDArray[np.float64] = counts.sum() / (counts / sizes).sum() / sizes
    return weights
