r"""Names and messages that may hold what is no text: bytes of a file name that are no UTF-8, control characters.

Python stands a byte 0xff of a file name in as the surrogate U+DCFF (PEP 383); here it is spelled out as `\udcff`.
"""

import re
from decimal import Decimal
from typing import Final

DASH: Final = "\N{EN DASH}"
_BREAKS: Final = "\n\t"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters, C0 and C1
    "\u2028\u2029"  # line and paragraph separators
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of the text around
    "\ud800-\udfff]"  # surrogates
)


def significant(value: float, digits: int) -> str:
    """A number to so many significant digits, never as a power of ten: `100`, `0.00001`."""
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def limits_of(low: float | None, high: float | None, digits: int) -> str:
    """`[0.5, 1000]`, a dash for a limit that is not known; see `significant`."""
    return f"[{', '.join(DASH if end is None else significant(end, digits) for end in (low, high))}]"


def storable(name: str) -> str:
    r"""A name that can be written as UTF-8: a byte 0xff that is no text becomes the six characters `\udcff`."""
    return name if name.isascii() else name.encode("utf-8", "backslashreplace").decode()


def is_text(name: str) -> bool:
    """Whether a name is text, and holds no byte that is no UTF-8."""
    return name.isascii() or not _SURROGATE.search(name)


def printable(text: str, keep: str = "") -> str:
    r"""Text that a terminal shows as it stands: control characters, turns of direction and surrogates spelled out.

    Args:
        text: any.
        keep: characters that stay, such as the line breaks of a message.
    """
    return _UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def printable_lines(text: str) -> str:
    """The same of a message, whose own line breaks and tabs stay."""
    return printable(text, _BREAKS)


def _escaped(character: str) -> str:
    r"""As Python's `repr` writes it: `\x1b`, `\n`, `\u202e`."""
    return character.encode("unicode_escape").decode()
