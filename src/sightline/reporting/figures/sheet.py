"""Pictures in a grid, with titles, on one pair of axes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from sightline.reporting.figures.names import legible, shorten, width
from sightline.reporting.figures.style import HEAT, POINTS_PER_INCH, WIDTH

GAP = 0.08
"""Inches between neighbouring images."""
LINE = 0.145
"""Inches: the height of one line of a title."""
TITLE_SIZE = 8
LARGE = 128
"""Pixels: from this side on a picture is shown smoothly, and one that is longer may have a row of its own."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of a picture; it may reach beyond its edges."""


class Sheet:
    """A figure of equal cells, laid out in inches. All are drawn on one pair of axes, so that many stay quick to draw.

    Args:
        count: cells.
        columns: cells a row.
        ratio: height of an image over its width.
        above: inches over each row, for titles.
        top: inches over everything.
        below: inches under everything.
        gutter: extra inches after the first of every `every` columns' groups.
        every: columns a group; by default the first column stands alone.

    Attributes:
        side: inches, the width of a cell.
        height: inches, of the figure.
        figure: what is drawn on.
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
        self._gutter, self._every, self._top, self._ratio = gutter, every, top, ratio
        breaks = self._breaks(columns - 1)
        self.side = (WIDTH - GAP * (columns - 1) - gutter * breaks) / columns - 0.02
        self._row = self.side * ratio + above + GAP
        self.height = top + self._row * -(-count // columns) + 0.04 + below
        self.figure = Figure(figsize=(WIDTH, self.height))
        self._axes = self.figure.add_axes((0, 0, 1, 1), autoscale_on=False)
        self._axes.set_axis_off()
        self._right, self._bottom, self._topmost = 0.0, self.height, 0.0

    def _breaks(self, column: int) -> int:
        """How many gutters lie left of a column."""
        return min(column, 1) if self._every is None else column // self._every

    def left(self, column: int) -> float:
        """Inches from the left of the figure to a column."""
        return 0.02 + column * (self.side + GAP) + self._breaks(column) * self._gutter

    def cell(self, row: int, column: int) -> "Cell":
        """A cell; the figure reaches as far as the cells that were asked for."""
        left, height = self.left(column), self.side * self._ratio
        bottom = self.height - self._top - (row + 1) * self._row + GAP
        self._right, self._bottom = max(self._right, left + self.side), min(self._bottom, bottom)
        self._topmost = max(self._topmost, bottom + height)
        reach = self._topmost - self._bottom
        self._axes.set_position((0, self._bottom / self.height, self._right / WIDTH, reach / self.height))
        self._axes.set(xlim=(0, self._right), ylim=(self._bottom, self._topmost))
        return Cell(self._axes, left, bottom, self.side, height)


@dataclass(frozen=True)
class Cell:
    """A part of a sheet, in inches from its lower left corner, in which pictures lie in their shape."""

    axes: Axes
    left: float
    bottom: float
    width: float
    height: float

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show an image (h, w, 3): small ones as squares of colour, large ones smoothly."""
        height, width = image.shape[:2]
        smooth = "nearest" if min(height, width) < LARGE else "antialiased"
        self.lay(image, (width, height), interpolation=smooth)

    def lay(
        self,
        values: NDArray[Any],
        shape: tuple[int, int],
        box: Box | None = None,
        *,
        cmap: str | Colormap = HEAT,
        vmax: float = 1,
        alpha: NDArray[np.floating] | None = None,
        interpolation: str = "bilinear",
    ) -> None:
        """Lay colours (h, w, 3), or values (h, w) from 0 to `vmax`, over a part of a picture.

        Args:
            values: what is laid.
            shape: width and height of the picture.
            box: the part of it; None: all. What reaches beyond the picture is cut off.
            cmap: what values are coloured by.
            vmax: the value of its end.
            alpha: (h, w) how much each value covers.
            interpolation: matplotlib's.
        """
        scale, left, top = self._placed(shape)
        first, upper, last, lower = box or (0, 0, *shape)
        extent = (left + scale * first, left + scale * last, top - scale * lower, top - scale * upper)
        laid = self.axes.imshow(
            values, cmap=cmap, vmin=0, vmax=vmax, alpha=alpha, interpolation=interpolation, extent=extent, aspect="auto"
        )
        if box is not None:
            laid.set_clip_path(self._frame(shape))

    def fill(self, colour: str, shape: tuple[int, int]) -> None:
        """Colour all of a picture of this width and height, under whatever is laid over it."""
        frame = self._frame(shape)
        frame.set(facecolor=colour, edgecolor="none", zorder=-1)
        self.axes.add_patch(frame)

    def title(self, title: str, colour: str, width: float, shape: tuple[int, int]) -> None:
        """Write a title above a picture of this width and height: lines that are each cut to so many inches."""
        fits = max(6, int(width * POINTS_PER_INCH / (0.57 * TITLE_SIZE)))
        text = "\n".join(_fit(legible(line), fits) for line in title.split("\n"))
        _, left, top = self._placed(shape)
        self.axes.text(left, top + 3 / POINTS_PER_INCH, text, fontsize=TITLE_SIZE, color=colour, linespacing=1.25)

    def head(self, title: str) -> None:
        """Write the title of a column above its middle."""
        above = self.bottom + self.height + 4 / POINTS_PER_INCH
        self.axes.text(self.left + self.width / 2, above, title, fontsize=9, ha="center")

    def _placed(self, shape: tuple[int, int]) -> tuple[float, float, float]:
        """Inches a pixel of a picture in the middle of the cell, and where its upper left corner is."""
        width, height = shape
        scale = min(self.width / width, self.height / height)
        return (
            scale,
            self.left + (self.width - scale * width) / 2,
            self.bottom + self.height - (self.height - scale * height) / 2,
        )

    def _frame(self, shape: tuple[int, int]) -> Rectangle:
        scale, left, top = self._placed(shape)
        width, height = scale * shape[0], scale * shape[1]
        return Rectangle((left, top - height), width, height, transform=self.axes.transData)


def _fit(line: str, length: int) -> str:
    """The line within `length` characters, its longest words cut first: a name gives way, a number stays."""
    words = line.split()
    while words and width(" ".join(words)) > length:
        longest = max(range(len(words)), key=lambda i: width(words[i]))
        if len(words[longest]) < 3:
            return shorten(" ".join(words), length)
        words[longest] = words[longest].rstrip("…")[:-1] + "…"
    return " ".join(words)
