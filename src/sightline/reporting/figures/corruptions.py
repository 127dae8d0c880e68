"""A sheet of corruptions: a row each, an image as it is and at every severity."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.reporting.figures.pictures import LINE, Sheet, show, title_over
from sightline.reporting.figures.style import INK, drawn, nothing

MOST = 6
"""Columns of the sheet: the image, and five severities."""


@drawn
def corruptions(
    image: NDArray[np.uint8], corrupted: Mapping[str, Sequence[NDArray[np.uint8]]], severities: Sequence[int]
) -> Figure:
    """Draw what corruptions make of an image.

    Args:
        image: (h, w, 3) as the model sees it.
        corrupted: by the name of the corruption, the same at each severity.
        severities: of the columns.
    """
    if not corrupted:
        return nothing("no corruptions")
    ratio = float(np.clip(image.shape[0] / image.shape[1], 0.5, 2.0))
    sheet = Sheet(MOST * len(corrupted), MOST, ratio=ratio, above=LINE + 0.06, gutter=0.16)
    for row, (name, squares) in enumerate(corrupted.items()):
        for column, square in enumerate([image, *squares]):
            axes = sheet.axes(row, column)
            show(axes, square)
            title = name if column == 0 else f"severity {severities[column - 1]}"
            title_over(axes, title, INK, sheet.cell)
    return sheet.figure
