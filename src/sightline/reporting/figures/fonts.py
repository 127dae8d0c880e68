"""Fonts for class names in other scripts: those of the system, or of a package that brings some."""

import functools
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

BASE: Final = "DejaVu Sans"
"""Comes with matplotlib: Latin, Greek, Cyrillic, Hebrew, Arabic, and some signs."""
PREFERRED: Final = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Noto Sans JP",
    "Noto Sans KR",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "WenQuanYi Zen Hei",
    "NanumGothic",
    "Noto Sans",
    "Noto Emoji",
    "Segoe UI Emoji",
    "Symbola",
    "Arial Unicode MS",
)
"""Asked first, since they look like the text around; any other font of the system follows."""
PACKAGES: Final = ("mplfonts", "noto_cjk", "matplotlib_fontja", "japanize_matplotlib", "koreanize_matplotlib")
"""Python packages that bring fonts for matplotlib."""
NOT_FOR_NAMES: Final = ("Last Resort", "STIX", "cm", "DejaVu")
"""How the names of fonts begin that hold boxes, mathematics, or no more than `BASE`."""


@functools.cache
def font_for(character: str) -> str | None:
    """The family of a font that has a character and can be drawn with; None where there is none.

    What is found stays for the whole process. Fonts of packages, and those that came after matplotlib listed the
    system's, are looked for only when a character asks for them.
    """
    return next((family for family in _families() if ord(character) in _characters(family)), None)


@functools.cache
def base_has(character: str) -> bool:
    """Whether the font of every figure has a character."""
    return ord(character) in _characters(BASE)


@functools.cache
def _families() -> tuple[str, ...]:
    """All families that may be asked, the preferred first."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in [*font_manager.findSystemFonts(), *_of_packages()]:
        if path not in known:
            _add(path)
    names = {entry.name for entry in font_manager.fontManager.ttflist}
    first = [name for name in PREFERRED if name in names]
    return (*first, *sorted(name for name in names.difference(first) if not name.startswith(NOT_FOR_NAMES)))


def _of_packages() -> Iterator[str]:
    """Font files of the packages that are installed; none of them is imported."""
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            yield from (str(path) for path in sorted(Path(place).rglob("*.[ot]t[fc]")))


def _add(path: str) -> None:
    try:
        font_manager.fontManager.addfont(path)
    except (OSError, RuntimeError, ValueError):  # no outlines, or no font at all
        return


@functools.cache
def _characters(family: str) -> frozenset[int]:
    """What a family can draw: nothing where its file does not open or holds pictures, as that of coloured emoji."""
    try:
        path = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=False)
        font = FT2Font(path)
        font.set_size(10, 100)
        characters = font.get_charmap()
        font.load_char(next(iter(characters)))
    except (OSError, RuntimeError, ValueError, StopIteration):
        return frozenset()
    return frozenset(characters)
