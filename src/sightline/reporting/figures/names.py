"""Names in figures: readable in any script, short, and still told apart."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from sightline.reporting.figures.fonts import base_has, font_for

ELLIPSIS = "…"
LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"
"""Keeps a number behind an Arabic or Hebrew name."""
UNSEEN = frozenset({"Mn", "Me", "Cf"})
"""Unicode's categories of what takes no column: accents that are put on a letter, joiners."""
HEAD = 0.6
"""Of a name that is cut, the share of what is left that its beginning gets."""
CONTEXT = 2
"""Letters that are shown before the place where two names differ."""


@dataclass
class Lettering:
    """How the names of one figure are written.

    Attributes:
        families: of fonts that it needs beside the one of every figure, in the order in which they were needed.
        romanised: words that no font can write, and what stands for them.
    """

    families: dict[str, None] = field(default_factory=dict)
    romanised: dict[str, str] = field(default_factory=dict)


_LETTERING: ContextVar[Lettering | None] = ContextVar("lettering", default=None)


@contextmanager
def lettering() -> Iterator[Lettering]:
    """Note which fonts the names need that are written meanwhile, and which of them are romanised."""
    noted = Lettering()
    token = _LETTERING.set(noted)
    try:
        yield noted
    finally:
        _LETTERING.reset(token)


def legible(name: str) -> str:
    """The name on one line, what no font of this machine can write in Latin letters."""
    name = " ".join(str(name).split())
    if name.isascii():
        return name
    noted = _LETTERING.get() or Lettering()
    written = ""
    for known, characters in groupby(name, key=_can_write):
        text = "".join(characters)
        if known:
            noted.families |= {family: None for c in text if not base_has(c) and (family := font_for(c))}
            written += text
        else:
            written += noted.romanised.setdefault(text, _romanised(text))
    is_turned = any(unicodedata.bidirectional(character) in {"R", "AL"} for character in written)
    return LEFT_TO_RIGHT + written + LEFT_TO_RIGHT if is_turned else written


def _can_write(character: str) -> bool:
    return base_has(character) or font_for(character) is not None


def _romanised(text: str) -> str:
    """Latin letters for some characters; a number where none are known, nothing for marks that only join others."""
    from anyascii import anyascii  # only what no font can write needs it

    return "".join(
        anyascii(character) or ("" if unicodedata.category(character) in UNSEEN else f"U+{ord(character):04X}")
        for character in text
    )


def shorten(name: str, length: int) -> str:
    """The name on one line of at most `length` columns, cut in the middle; a Chinese character takes two."""
    return _cut(legible(name), length)


def shortened(names: Sequence[str], length: int) -> list[str]:
    """Names on one line of at most `length` columns each; those that differ stay different.

    A name too long is cut in the middle. Where that makes it like another, it is cut where the two differ; where even
    that is not enough, it is numbered by its place.
    """
    lines = [legible(name) for name in names]
    found = [_cut(line, length) for line in lines]
    alike = _repeated(found)
    if not alike:
        return found
    places = sorted((place for place, cut in enumerate(found) if cut in alike), key=lambda place: lines[place])
    same = [0, *(_common(lines[a], lines[b]) for a, b in pairwise(places)), 0]
    for place, ends in zip(places, pairwise(same), strict=True):
        found[place] = _cut_at(lines[place], max(ends), length)
    alike = _repeated(found)
    seen: set[str] = set()
    for place, cut in enumerate(found):
        if cut in seen:
            found[place] = _numbered(cut, place + 1, length)
        elif cut in alike:
            seen.add(cut)
    return found


def lines_of(name: str, length: int) -> list[str]:
    """The name in two lines of at most `length` columns, broken between words as evenly as can be, or in one.

    Where no break between words leaves both short enough, the first line holds as many letters as fit.
    """
    if width(name) <= length:
        return [name]
    words = name.split(" ")
    halves = [(" ".join(words[:place]), " ".join(words[place:])) for place in range(1, len(words))]
    halves = [pair for pair in halves if max(map(width, pair)) <= length]
    if halves:
        return list(min(halves, key=lambda pair: max(map(width, pair))))
    place = next(place for place in range(len(name), 0, -1) if width(name[:place]) <= length)
    return [name[:place].rstrip(), name[place:].lstrip()]


def in_legend(label: str) -> str:
    """The label as a legend shows it: matplotlib hides those that begin with an underscore."""
    return f"\N{ZERO WIDTH SPACE}{label}" if label.startswith("_") else label


def width(text: str) -> int:
    """How many columns a text takes: two for a Chinese character or an emoji, none for an accent that is put on."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in UNSEEN:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _repeated(texts: Sequence[str]) -> set[str]:
    return {text for text, count in Counter(texts).items() if count > 1}


def _common(a: str, b: str) -> int:
    """How many letters two texts begin with alike."""
    return next((place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _cut(line: str, length: int) -> str:
    if width(line) <= length:
        return line
    room = length - 1
    head = _first(line, round(HEAD * room)).rstrip()
    return head + ELLIPSIS + _last(line[len(head) :], room - width(head)).lstrip()


def _cut_at(line: str, place: int, length: int) -> str:
    """The beginning of a line, and what stands around a place in it."""
    if width(line) <= length:
        return line
    start = max(0, place - CONTEXT)
    head = _first(line[:start], max(0, length // 4 - 1))
    before = head + ELLIPSIS if len(head) < start else line[:start]
    rest = line[start:]
    if width(before + rest) <= length:  # the end fits: show as much before it as there is room for
        return head + ELLIPSIS + _last(line[len(head) :], length - 1 - width(head))
    return before + _first(rest, length - width(before) - 1) + ELLIPSIS


def _numbered(cut: str, number: int, length: int) -> str:
    end = f" ({number})"
    return _first(cut, max(0, length - len(end))) + end


def _first(text: str, columns: int) -> str:
    """As much of the beginning as fits; an accent stays with its letter."""
    taken = 0
    for place, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[:place]
    return text


def _last(text: str, columns: int) -> str:
    """As much of the end as fits; an accent does not go without its letter."""
    taken, start = 0, len(text)
    for place in range(len(text) - 1, -1, -1):
        taken += _columns(text[place])
        if taken > columns:
            break
        if _columns(text[place]):
            start = place
    return text[start:]
