"""Rows of images: what augmentation does, what explanations show."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.reporting.figures.sheet import LARGE, LINE, Box, Sheet
from sightline.reporting.figures.style import GREY, INK, RIGHT_TEXT, UNSEEN, WRONG_TEXT, drawn, nothing

MOST_LARGE = 12
"""Pictures: more than these are all drawn as small as small ones, so that the figure stays bounded."""


@drawn
def augmentation(
    squares: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    draws: Sequence[Sequence[NDArray[np.uint8]] | NDArray[np.uint8]],
    whole: Sequence[NDArray[np.uint8]] = (),
) -> Figure:
    """Draw images at the left and what training makes of them at the right.

    Args:
        squares: n images (h, w, 3) as evaluation sees them.
        draws: for each draw, (n, h', w', 3).
        whole: n images (h, w, 3) of any sizes, as they are; empty where the squares show all of them.
    """
    if not len(squares):
        return nothing("no images")
    columns: list[tuple[str, Sequence[NDArray[np.uint8]] | NDArray[np.uint8]]]
    columns = [("evaluation" if whole else "original", squares)]
    columns += [(f"draw {number}", draw) for number, draw in enumerate(draws, start=1)]
    if whole:
        columns.insert(0, ("image", whole))
    sheet = Sheet(len(squares) * len(columns), len(columns), ratio=1.0, top=0.24, gutter=0.16)
    for row in range(len(squares)):
        for column, (title, images) in enumerate(columns):
            cell = sheet.cell(row, column)
            cell.show(images[row])
            if row == 0:
                cell.head(title)
    return sheet.figure


@drawn
def explanations(
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    maps: Sequence[NDArray[np.floating]] | NDArray[np.floating],
    titles: Sequence[str],
    *,
    right: Sequence[bool] | None = None,
    seen: Sequence[Box] | None = None,
) -> Figure:
    """Draw triplets side by side: the image, the map, and the map over the image.

    Args:
        images: n of (h, w, 3).
        maps: n of (h', w') in [0, 1].
        titles: one for each image; a line break starts a new line.
        right: whether each prediction was right, marked in the title.
        seen: the part of each image that its map is of, by default all of it; the rest is darkened.
    """
    if not len(images):
        return nothing("no images")
    pairs = 2 if len(images) > MOST_LARGE or max(max(image.shape[:2]) for image in images) <= LARGE else 1
    lines = max(title.count("\n") + 1 for title in titles)
    sheet = Sheet(3 * len(images), 3 * pairs, ratio=_ratio(images), above=0.06 + LINE * lines, gutter=0.3, every=3)
    for i, (image, heat, title) in enumerate(zip(images, maps, titles, strict=True)):
        row, column = i // pairs, 3 * (i % pairs)
        original, alone, over = (sheet.cell(row, column + k) for k in range(3))
        height, width = image.shape[:2]
        box = (0.0, 0.0, float(width), float(height)) if seen is None else seen[i]
        heat = np.clip(np.nan_to_num(np.asarray(heat, dtype=np.float64)), 0, 1)
        original.show(image)
        alone.fill(GREY, (width, height))
        alone.lay(heat, (width, height), box)
        over.lay(dimmed(image.mean(axis=-1), box), (width, height), cmap="gray", vmax=255, interpolation="auto")
        over.lay(heat, (width, height), box, alpha=0.15 + 0.55 * heat)
        mark, colour = _verdict(right, i)
        original.title(mark + title, colour, 3 * sheet.side, (width, height))
    return sheet.figure


def dimmed(grey: NDArray[np.floating], box: Box) -> NDArray[np.floating]:
    """The picture (h, w), darkened outside the box."""
    left, top, right, bottom = (max(0, round(edge)) for edge in box)
    found = grey * UNSEEN
    found[top:bottom, left:right] = grey[top:bottom, left:right]
    return found


def _verdict(right: Sequence[bool] | None, i: int) -> tuple[str, str]:
    """Tick or cross, and the colour of the title: never by colour alone."""
    if right is None:
        return "", INK
    return ("✓ ", RIGHT_TEXT) if right[i] else ("✗ ", WRONG_TEXT)


def _ratio(images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> float:
    """Height over width, of the tallest image, within what a row can bear."""
    return float(np.clip(max(image.shape[0] / image.shape[1] for image in images), 0.5, 2.0))
