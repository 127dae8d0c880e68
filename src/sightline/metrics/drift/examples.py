"""Which of the new images show what drifted."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sightline.metrics.documents.drift import Drift
from sightline.metrics.drift.measure import Sample, numbers_of

ROWS: Final = 3
EACH: Final = 6
FAR: Final = 0.98
"""Quantile of the last example: further ones may be rare for another reason."""


def examples(found: Drift, reference: Sample, new: Sample) -> dict[str, NDArray[np.int64]]:
    """Places of new images, from a typical one to one of the most unlike, by what they show in words.

    Args:
        found: what was measured; its first numbers that drifted are shown.
        reference: the run's images.
        new: the images that were judged, all of them.
    """
    numbers, shown = numbers_of(reference, new), dict[str, NDArray[np.int64]]()
    for row in found["statistics"]:
        if row["drifted"] and row["name"] in numbers and len(shown) < ROWS:
            before, now = numbers[row["name"]]
            order = np.argsort(now, kind="stable")
            if now.mean() < before.mean():
                order = order[::-1]
            places = np.unique(np.linspace(0.5, FAR, EACH) * (len(now) - 1) + 0.5).astype(np.int64)
            shown[row["words"]] = order[places]
    return shown
