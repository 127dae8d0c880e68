"""Rows of images: what augmentation does, what explanations show."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.reporting.figures.names import legible, shorten, width
from sightline.reporting.figures.style import (
    GREY,
    HEAT,
    INK,
    POINTS_PER_INCH,
    RIGHT_TEXT,
    UNSEEN,
    WIDTH,
    WRONG_TEXT,
    bare,
    drawn,
    nothing,
)

GAP = 0.08
"""Inches between neighbouring images."""
LINE = 0.145
"""Inches: the height of one line of a title."""
TITLE_SIZE = 8
LARGE = 128
"""Pixels: pictures with a longer side get a row of their own …"""
MOST_LARGE = 12
"""… unless there are more of them; then all are drawn as small as small ones, so that the figure stays bounded."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of a picture; it may reach beyond its edges."""


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
            axes = sheet.axes(row, column)
            show(axes, images[row])
            if row == 0:
                axes.set_title(title, fontsize=9, loc="center", fontweight="normal", pad=4)
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
        original, alone, over = (sheet.axes(row, column + k) for k in range(3))
        height, width = image.shape[:2]
        extent = (-0.5, width - 0.5, height - 0.5, -0.5)
        left, top, other, bottom = (0.0, 0.0, width, height) if seen is None else seen[i]
        of_map = (left - 0.5, other - 0.5, bottom - 0.5, top - 0.5)
        heat = np.clip(np.nan_to_num(np.asarray(heat, dtype=np.float64)), 0, 1)
        show(original, image)
        alone.imshow(heat, cmap=HEAT, vmin=0, vmax=1, extent=of_map, interpolation="bilinear")
        alone.set_facecolor(GREY)
        grey = dimmed(image.mean(axis=-1), (left, top, other, bottom))
        over.imshow(grey, cmap="gray", vmin=0, vmax=255, extent=extent)
        over.imshow(heat, cmap=HEAT, vmin=0, vmax=1, extent=of_map, interpolation="bilinear", alpha=0.15 + 0.55 * heat)
        for axes in (alone, over):
            axes.set(xlim=extent[:2], ylim=extent[2:])
        mark, colour = _verdict(right, i)
        title_over(original, mark + title, colour, 3 * sheet.cell)
    return sheet.figure


class Sheet:
    """A figure of equal cells, laid out in inches so that many images stay quick to draw.

    Args:
        count: cells.
        columns: cells a row.
        ratio: height of an image over its width.
        above: inches over each row, for titles.
        top: inches over everything.
        below: inches under everything.
        gutter: extra inches after the first of every `every` columns' groups.
        every: columns a group; by default the first column stands alone.
    """

    def __init__(
        self,
        count: int,
        columns: int,
        *,
        ratio: float,
        above: float = 0.0,
        top: float = 0.0,
        below: float = 0.0,
        gutter: float = 0.0,
        every: int | None = None,
    ) -> None:
        self.gutter, self.every, self.above, self.top = gutter, every, above, top
        breaks = self._breaks(columns - 1)
        self.cell = (WIDTH - GAP * (columns - 1) - gutter * breaks) / columns - 0.02
        self.row = self.cell * ratio + above + GAP
        self.height = top + self.row * -(-count // columns) + 0.04 + below
        self.ratio = ratio
        self.figure = Figure(figsize=(WIDTH, self.height))

    def _breaks(self, column: int) -> int:
        """How many gutters lie left of a column."""
        return min(column, 1) if self.every is None else column // self.every

    def left(self, column: int) -> float:
        """Inches from the left of the figure to a column."""
        return 0.02 + column * (self.cell + GAP) + self._breaks(column) * self.gutter

    def axes(self, row: int, column: int) -> Axes:
        """A bare cell."""
        left = self.left(column)
        bottom = self.height - self.top - (row + 1) * self.row + GAP
        axes = self.figure.add_axes(
            (left / WIDTH, bottom / self.height, self.cell / WIDTH, self.cell * self.ratio / self.height)
        )
        bare(axes)
        return axes


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


def show(axes: Axes, image: NDArray[np.uint8]) -> None:
    """Show an image: small ones as squares of colour, large ones smoothly."""
    axes.imshow(image, interpolation="nearest" if min(image.shape[:2]) < 128 else "antialiased")


def title_over(axes: Axes, title: str, colour: str, width: float) -> None:
    """Write a title of one or more lines above a cell, each cut to the width given in inches."""
    fits = max(6, int(width * POINTS_PER_INCH / (0.57 * TITLE_SIZE)))
    text = "\n".join(_fit(legible(line), fits) for line in title.split("\n"))
    axes.set_title(text, fontsize=TITLE_SIZE, color=colour, fontweight="normal", pad=3, linespacing=1.25)


def _fit(line: str, length: int) -> str:
    """The line within `length` characters, its longest words cut first: a name gives way, a number stays."""
    words = line.split()
    while words and width(" ".join(words)) > length:
        longest = max(range(len(words)), key=lambda i: width(words[i]))
        if len(words[longest]) < 3:
            return shorten(" ".join(words), length)
        words[longest] = words[longest].rstrip("…")[:-1] + "…"
    return " ".join(words)
