"""Whether a mirror image may belong to another class, as far as the names of the classes tell."""

import unicodedata
from collections.abc import Sequence
from typing import Final

SIDES: Final = (
    ("left", "right"), ("links", "rechts"), ("gauche", "droite"), ("izquierda", "derecha"), ("sinistra", "destra"),
    ("esquerda", "direita"), ("左", "右"), ("counterclockwise", "clockwise"), ("anticlockwise", "clockwise"),
)  # fmt: skip
"""Words that a mirror exchanges."""
LETTERS: Final = frozenset({"Lu", "Ll", "Nd"})
"""Unicode's categories of letters with two cases, and of digits; an ideograph is a word and tells nothing."""
SHOWN: Final = 3


def differs_mirrored(class_names: Sequence[str]) -> str:
    """Why the mirror image of an item may be of another class; empty where no name says so.

    Names that are all numbers or single letters may stand for signs, of which few look alike in a mirror, and numbers
    say nothing that would allow it. Two names that only exchange left and right are exchanged by a mirror.
    """
    if class_names and all(_is_sign(name) for name in class_names):
        shown = ", ".join(class_names[:SHOWN]) + (", …" if len(class_names) > SHOWN else "")
        return f"classes that are numbers or single letters ({shown}) may be signs, which a mirror changes"
    folded = {name.casefold(): name for name in class_names}
    for name, original in folded.items():
        for one, other in SIDES:
            opposite = folded.get(name.replace(one, other))
            if one in name and opposite is not None:
                return f"a mirror makes “{opposite}” of “{original}”"
    return ""


def _is_sign(name: str) -> bool:
    return name.isdecimal() or (len(name) == 1 and unicodedata.category(name) in LETTERS)
