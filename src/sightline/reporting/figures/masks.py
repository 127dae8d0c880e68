"""Images with their masks: truth, prediction, and where both differ."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.colors import hex2color
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from sightline.reporting.figures.names import legible, shortened
from sightline.reporting.figures.sheet import LINE, Sheet
from sightline.reporting.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    WIDTH,
    YELLOW,
    drawn,
    nothing,
)

Pixels = NDArray[np.uint8]

FIRST: Final = ("#3d3d3d", SKY, ORANGE, GREEN, YELLOW, BLUE, VERMILLION, PURPLE)
"""Of the first classes: dark grey, which mostly is the background, then Okabe and Ito's."""
IGNORED: Final = (232, 232, 232)
"""Of pixels that do not count."""
STRIPES: Final = (150, 150, 150)
"""Of the stripes over these in the picture of errors, so that they are not taken for a pale image."""
ERROR: Final = (213, 94, 0)
"""Of pixels that were named wrong, over the image in grey."""
LEGEND_COLUMNS: Final = 6
LEGEND_LINE: Final = 0.2
"""Inches: the height of a line of the legend."""


Own = Sequence[int] | None
"""The colours that the data have for their classes, 65536 red + 256 green + blue; None: they have none."""


def class_colours(count: int, own: Own = None) -> Pixels:
    """(count, 3) a colour for each class: its own, else the same for the same class id, however many there are.

    After the first eight they step through the hues by the golden ratio, each third one darker, each third one paler.
    """
    if own is not None:
        return np.array([[colour >> 16, colour >> 8 & 255, colour & 255] for colour in own], dtype=np.uint8)
    colours = [[round(255 * part) for part in hex2color(colour)] for colour in FIRST[:count]]
    for number in range(len(FIRST), count):
        hue, level = (0.15 + number * 0.618034) % 1, number % 3
        wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
        value, strength = ((0.95, 0.85), (0.6, 0.9), (1.0, 0.4))[level]
        colours.append((255 * value * (1 - strength * (1 - wheel))).round().astype(int).tolist())
    return np.array(colours, dtype=np.uint8).reshape(-1, 3)


def coloured(mask: NDArray[np.integer], classes: int, own: Own = None) -> Pixels:
    """(h, w, 3) a mask in the colours of its classes; ids beyond them are pixels that do not count."""
    colours = np.concatenate([class_colours(classes, own), [IGNORED]]).astype(np.uint8)
    found: Pixels = colours[np.minimum(mask, classes)]
    return found


def errors(image: Pixels, truth: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> Pixels:
    """(h, w, 3) the image in pale grey, vermillion where it was named wrong, and striped where nothing counts."""
    grey: Pixels = (110 + 0.55 * image.mean(axis=2, keepdims=True)).astype(np.uint8).repeat(3, axis=2)
    counts = truth < classes
    grey[counts & (truth != predicted)] = ERROR
    down, across = np.indices(truth.shape)
    grey[~counts] = IGNORED
    grey[~counts & ((down + across) // max(1, min(truth.shape) // 60) % 4 == 0)] = STRIPES
    return grey


@drawn
def masks(
    images: Sequence[Pixels],
    truths: Sequence[NDArray[np.integer]],
    predictions: Sequence[NDArray[np.integer]],
    titles: Sequence[str],
    class_names: Sequence[str],
    own: Own = None,
) -> Figure:
    """Draw a row for each image: the image, its truth, what was predicted, and where it was wrong.

    Args:
        images: n of (h, w, 3), of any sizes.
        truths: (h, w) class ids of each; those beyond the classes do not count.
        predictions: (h, w) class ids of each.
        titles: one for each image.
        class_names: by class id.
        own: the colours of the classes, where the data have some.
    """
    if not images:
        return nothing("no images with masks")
    ratio = float(np.clip(np.median([image.shape[0] / image.shape[1] for image in images]), 0.4, 1.6))
    occurring = _occurring([*truths, *predictions], len(class_names))
    lines = -(-(len(occurring) + 1) // LEGEND_COLUMNS)
    sheet = Sheet(4 * len(images), 4, ratio=ratio, above=0.08 + LINE, top=0.25, below=0.1 + LEGEND_LINE * lines)
    for row, (image, truth, predicted) in enumerate(zip(images, truths, predictions, strict=True)):
        panels = (image, *(coloured(mask, len(class_names), own) for mask in (truth, predicted)))
        for column, panel in enumerate([*panels, errors(image, truth, predicted, len(class_names))]):
            cell = sheet.cell(row, column)
            cell.show(panel)
            if column == 0:
                cell.title(titles[row], INK, WIDTH, panel.shape[1::-1])
    for column, word in enumerate(("image", "truth", "prediction", "errors")):
        left = sheet.left(column) + sheet.side / 2
        sheet.figure.text(left / WIDTH, 1 - 0.1 / sheet.height, word, ha="center", va="center", fontsize=9)
    _legend(sheet, occurring, class_names, own)
    return sheet.figure


def _occurring(found: Sequence[NDArray[np.integer]], classes: int) -> list[int]:
    """The class ids that occur, by their order: a legend names these and no others."""
    counts = sum((np.bincount(mask.ravel(), minlength=256)[:classes] for mask in found), np.zeros(classes, dtype=int))
    return [int(number) for number in np.flatnonzero(counts)]


def _legend(sheet: Sheet, occurring: Sequence[int], class_names: Sequence[str], own: Own) -> None:
    colours = class_colours(len(class_names), own) / 255
    names = shortened([legible(class_names[number]) for number in occurring], 18)
    handles = [Patch(color=colours[number], label=name) for number, name in zip(occurring, names, strict=True)]
    handles.append(Patch(facecolor="#e8e8e8", hatch="////", edgecolor=GREY, label="not counted"))
    sheet.figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.0),
        ncols=LEGEND_COLUMNS,
        fontsize=8,
        handlelength=1.1,
        columnspacing=1.2,
        borderaxespad=0.1,
    )
