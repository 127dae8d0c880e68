"""What a model says of images, as features whose means tell whether two samples have one distribution."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FREQUENCIES: Final = 64
DIRECTIONS: Final = 32
"""Of largest spread, where there are more classes."""
PAIRS: Final = 2000
"""From which the width of the kernel is taken."""
SEED: Final = 20_121_109


def features(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 2 x frequencies) of pooled images (N, classes), each row of length 1.

    Squared differences between means of rows estimate the maximum mean discrepancy under a Gaussian kernel as wide as
    the median distance (Gretton et al. 2012), by random frequencies (Rahimi and Recht 2007). What is made of the
    data is made of all of the pool alike, so images may be exchanged under it.
    """
    values = logits.astype(np.float64)
    values = values - values.mean(axis=1, keepdims=True)
    values = values - values.mean(axis=0)
    if values.shape[1] > DIRECTIONS:
        _, directions = np.linalg.eigh(values.T @ values)
        values = values @ directions[:, -DIRECTIONS:]
    values = values / np.maximum(values.std(axis=0), 1e-9)
    rng = np.random.default_rng(SEED)
    first, second = rng.integers(0, len(values), (2, PAIRS))
    width = np.median(np.linalg.norm(values[first] - values[second], axis=1))
    angles = values @ rng.normal(0.0, 1.0 / max(width, 1e-9), (values.shape[1], FREQUENCIES))
    found = np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(FREQUENCIES)
    rows: NDArray[np.float32] = found.astype(np.float32)
    return rows


def witness(rows: NDArray[np.float32], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What tells the last `n` of pooled images from the others best, as one number an image of either.

    The witness function of the maximum mean discrepancy (Gretton et al. 2012): the rows along the difference of means.
    """
    direction = rows[-n:].mean(axis=0, dtype=np.float64) - rows[:-n].mean(axis=0, dtype=np.float64)
    values = rows.astype(np.float64) @ direction
    return values[:-n], values[-n:]
