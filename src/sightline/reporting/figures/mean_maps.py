"""Where maps lie on average, class by class."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sightline.reporting.figures.names import lines_of, shortened
from sightline.reporting.figures.sheet import LINE, Sheet
from sightline.reporting.figures.style import GREY, INK, WRONG_TEXT, drawn, nothing

COLUMNS: Final = 8
MOST: Final = 48
"""Classes that are drawn; those with an alarm come first."""
LETTERS: Final = 13
"""That a line over a panel holds."""
BRIGHT: Final = 4.0
"""So many times an even map is drawn as bright as can be, in every panel alike."""


@drawn
def mean_maps(
    maps: Sequence[NDArray[np.floating]],
    pictures: Sequence[NDArray[np.floating]],
    names: Sequence[str],
    counts: Sequence[int],
    alarmed: Sequence[bool],
) -> Figure:
    """Draw the mean map of all images and of each class over its mean picture, all on one scale.

    Args:
        maps: n of (h, w), 1 where they are as high as an even map.
        pictures: n of (h, w), the mean picture in any scale.
        names: n, of the classes; long ones take two lines, and those that differ are told apart.
        counts: n, of images.
        alarmed: n, whether a warning is about it, marked in the title.
    """
    if not maps:
        return nothing("no maps")
    shown = chosen(alarmed)
    titles = _titles([names[number] for number in shown])
    lines = max(title.count("\n") + 2 for title in titles)
    left = len(maps) - len(shown)
    sheet = Sheet(len(shown), COLUMNS, ratio=1.0, above=0.06 + LINE * lines, every=COLUMNS, below=0.2 if left else 0.0)
    for place, number in enumerate(shown):
        cell = sheet.cell(*divmod(place, COLUMNS))
        heat, picture = np.clip(maps[number] / BRIGHT, 0, 1), pictures[number]
        height, width = picture.shape
        low, high = float(picture.min()), float(picture.max())
        cell.lay(picture - low, (width, height), cmap="gray", vmax=(high - low) or 1.0, interpolation="nearest")
        cell.lay(heat, (width, height), alpha=0.3 + 0.55 * heat)
        mark, colour = ("! ", WRONG_TEXT) if alarmed[number] else ("", INK)
        cell.title(f"{titles[place]}\n{mark}n = {counts[number]:,}", colour, sheet.side, (width, height))
    if left:
        sheet.figure.text(0.01, 0.01, f"{left:,} more classes are not drawn", color=GREY, fontsize=8)
    return sheet.figure


def _titles(names: Sequence[str]) -> list[str]:
    return ["\n".join(lines_of(name, LETTERS)) for name in shortened(names, 2 * LETTERS)]


def chosen(alarmed: Sequence[bool]) -> list[int]:
    """Which of the panels are drawn, in their order: the first, those with an alarm, then others as far as they go."""
    return [0, *sorted(sorted(range(1, len(alarmed)), key=lambda number: not alarmed[number])[: MOST - 1])]
