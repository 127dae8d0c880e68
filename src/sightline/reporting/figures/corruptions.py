"""A sheet of corruptions: an image as it is, and what each makes of it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.reporting.figures.sheet import LINE, Sheet
from sightline.reporting.figures.style import INK, drawn, nothing

COLUMNS = 6
"""Of the sheet: an image and five severities, or corruptions side by side."""


@drawn
def corruptions(
    image: NDArray[np.uint8], corrupted: Mapping[str, Sequence[NDArray[np.uint8]]], severities: Sequence[int]
) -> Figure:
    """Draw what corruptions make of an image.

    Args:
        image: (h, w, 3) as the model sees it.
        corrupted: by the name of the corruption, the same at each severity.
        severities: of the columns; of a single one all corruptions stand side by side.
    """
    if not corrupted:
        return nothing("no corruptions")
    if len(severities) == 1:
        width = 1
        cells = [("as it is", image), *((name, square) for name, (square,) in corrupted.items())]
    else:
        width = 1 + len(severities)
        titles = [f"severity {severity}" for severity in severities]
        cells = [
            cell for name, squares in corrupted.items() for cell in zip((name, *titles), (image, *squares), strict=True)
        ]
    columns = COLUMNS // width * width
    ratio = float(np.clip(image.shape[0] / image.shape[1], 0.5, 2.0))
    gutter = 0.16 if 1 < width < columns else 0.0
    rows = -(-len(cells) // columns)
    sheet = Sheet(rows * COLUMNS, COLUMNS, ratio=ratio, above=LINE + 0.06, gutter=gutter, every=width)
    for place, (title, square) in enumerate(cells):
        cell = sheet.cell(*divmod(place, columns))
        cell.show(square)
        cell.title(title, INK, sheet.side, square.shape[1::-1])
    return sheet.figure
