"""One look for every figure: sizes, colours, and the way a figure becomes PNG bytes."""

import functools
import io
import json
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text

from sightline.reporting.contents import ROMANISED
from sightline.reporting.figures.fonts import BASE
from sightline.reporting.figures.names import Lettering, lettering

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

Arguments = ParamSpec("Arguments")

BLACK: Final = "#000000"
GREY: Final = "#9a9a9a"
INK: Final = "#333333"
ORANGE: Final = "#e69f00"
SKY: Final = "#56b4e9"
GREEN: Final = "#009e73"
YELLOW: Final = "#f0e442"
BLUE: Final = "#0072b2"
VERMILLION: Final = "#d55e00"
PURPLE: Final = "#cc79a7"
PALETTE: Final = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, YELLOW)
"""Okabe and Ito's colours for all kinds of sight (jfly.uni-koeln.de/color); yellow last: it is faint on white."""

TRAIN: Final = ORANGE
VAL: Final = BLUE
RIGHT: Final = GREEN
WRONG: Final = VERMILLION
RIGHT_TEXT: Final = "#00694d"
WRONG_TEXT: Final = "#a84300"
"""The same two, dark enough for small letters on white."""

SEQUENTIAL: Final = LinearSegmentedColormap.from_list(
    "sightline",
    ["#fcfcfc", "#c9e4fa", "#9dcbf0", "#75b2e1", "#5098ce", "#2d7fb8", "#06669e", "#004e81", "#003762"],
)
"""White to dark blue in equal steps of CIELAB lightness (99 to 22), so that equal differences look equal."""

HEAT: Final = "inferno"
UNSEEN: Final = 0.45
"""How bright what the model does not see is left."""
WIDTH: Final = 7.6
"""Inches: the width of a full-width figure, so that 10 points read like the text around it."""
DPI: Final = 150
POINTS_PER_INCH: Final = 72


@functools.cache
def _rc() -> "dict[RcKeyType, Any]":
    """The shared settings."""
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": INK,
        "axes.grid": True,
        "axes.labelcolor": INK,
        "axes.labelsize": 10,
        "axes.linewidth": 0.8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "figure.constrained_layout.use": False,
        "figure.facecolor": "white",
        "font.family": [BASE],
        "font.size": 10,
        "grid.color": "#e4e4e4",
        "grid.linewidth": 0.7,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "text.color": INK,
        "text.parse_math": False,
        "xtick.color": INK,
        "xtick.labelsize": 9,
        "ytick.color": INK,
        "ytick.labelsize": 9,
    }


def drawn(function: Callable[Arguments, Figure]) -> Callable[Arguments, bytes]:
    """Draw under the shared style and return PNG bytes that hold neither time nor version.

    Names in other scripts get the fonts that they need; where there is none, the file says what stands for them.
    """

    @functools.wraps(function)
    def draw(*args: Arguments.args, **kwargs: Arguments.kwargs) -> bytes:
        content = io.BytesIO()
        with mpl.rc_context(), warnings.catch_warnings(), lettering() as used:
            mpl.rcdefaults()
            mpl.rcParams.update(_rc())
            # What is no name, such as the message of a trial, may hold characters of no font: they become boxes.
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from font", category=UserWarning)
            warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support", category=UserWarning)
            figure = function(*args, **kwargs)
            _set_fonts(figure, used)
            said: dict[str, str | None] = {ROMANISED: json.dumps(used.romanised)} if used.romanised else {}
            said |= {"Software": None}
            figure.savefig(content, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.08, metadata=said)
        return content.getvalue()

    return draw


def _set_fonts(figure: Figure, used: Lettering) -> None:
    """Let every text fall back to the fonts that names need; those of ticks are made later, by the settings."""
    if used.families:
        families = [BASE, *used.families]
        mpl.rcParams["font.family"] = families
        for text in figure.findobj(Text):
            text.set_fontfamily(families)


def percent(value: float, _: float = 0) -> str:
    """A tick of a share in [0, 1], with no more digits than it needs."""
    return f"{round(100 * value, 6):g} %"


def bare(axes: Axes) -> None:
    """Leave nothing of the axes but what is drawn inside."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def thinned(count: int, pitch: float, font_size: float) -> range:
    """Which of `count` ticks, `pitch` points apart, can be named without touching each other."""
    return range(0, count, max(1, -(-int(font_size * 1.15 * 100) // max(1, int(pitch * 100)))))


def nothing(message: str) -> Figure:
    """A figure that says why there is nothing to see."""
    figure = Figure(figsize=(WIDTH, 1.2))
    figure.text(0.5, 0.5, message, ha="center", va="center", color=GREY)
    return figure


def line_styles(count: int) -> Sequence[tuple[str, str]]:
    """`count` pairs of colour and dash that stay apart without colour too."""
    colours = PALETTE[:-1]
    return [(colours[i % len(colours)], ("-", "--", ":", "-.")[i // len(colours) % 4]) for i in range(count)]
