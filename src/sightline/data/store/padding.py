"""Which images may share a batch, in which each is padded to the largest, where they are of any shape."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST: Final = 2
"""How many times its images' own pixels a batch may take: upright and lying ones of 1 to 2 may stand together."""


def little_padded(shapes: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    """The places (m,) of images that are best padded together, so that no batch takes more than twice its own pixels.

    One panorama beside an upright one, or beside many images of the usual shape, would multiply what the batch takes.

    Args:
        shapes: (n, 2) height and width of each.
    """
    areas = shapes.astype(np.int64).prod(axis=1)
    if _padded(shapes) <= MOST * areas.sum():
        return [np.arange(len(shapes))]
    groups: list[list[int]] = [[]]
    for place in np.lexsort((areas, shapes[:, 0] / np.maximum(1, shapes[:, 1]))).tolist():
        group = [*groups[-1], place]
        if _padded(shapes[group]) <= MOST * areas[group].sum():
            groups[-1] = group
        else:
            groups.append([place])
    return [np.sort(np.array(group, dtype=np.int64)) for group in groups if group]


def _padded(shapes: NDArray[np.int32]) -> int:
    """Pixels of a batch of images of these shapes."""
    height, width = shapes.max(axis=0, initial=1).tolist()
    return len(shapes) * int(height) * int(width)
