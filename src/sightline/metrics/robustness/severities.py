"""Whether a stronger corruption is answered better than a milder one, which published severities do not rule out."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.comparison.paired import tango

Reals = NDArray[np.float64]


def inversions(
    scores: Mapping[str, Reals], severities: Sequence[int], level: float
) -> Iterator[tuple[str, int, int, float]]:
    """Neighbouring severities of which the stronger one is answered better by more than its paired interval.

    Limits are those of paired shares (`tango`), adjusted to how many pairs there are (Bonferroni).

    Args:
        scores: by corruption (n, severities) of 0 or 1; images with NaN are left out.
        severities: of the columns, rising.
        level: confidence of all together, such as 0.95.

    Yields:
        The corruption, the milder and the stronger severity, and the difference of the shares.
    """
    pairs = max(1, len(scores) * (len(severities) - 1))
    adjusted = 1 - (1 - level) / pairs
    for name, each in scores.items():
        right = each[np.isfinite(each).all(axis=1)] == 1
        for place in range(len(severities) - 1 if len(right) else 0):
            milder, stronger = right[:, place], right[:, place + 1]
            gains, losses = int((stronger & ~milder).sum()), int((milder & ~stronger).sum())
            found = tango(gains, losses, len(right), adjusted)
            if found.low > 0:
                yield name, severities[place], severities[place + 1], found.value
