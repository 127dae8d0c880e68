"""What listing a data set passed over or took for granted, in words; the data gate says and keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Remark:
    """One thing that a person would want to know about how the data were read.

    Attributes:
        check: its name, as of a check of the data gate.
        outcome: `pass` where it is only told how the data were understood, `warn` where something may be amiss, `drop`
            where items were left out because the configuration says so.
        count: of what it is about.
        message: one sentence.
        examples: names.
    """

    check: str
    outcome: Literal["pass", "warn", "drop"]
    count: int
    message: str
    examples: tuple[str, ...] = ()


def counted(number: int, one: str, many: str = "") -> str:
    """`1 image`, `2,000 images`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def folders(names: Sequence[str], most: int = 3) -> str:
    """`a/, b/, c/, … (7)` of folder names."""
    return listed([f"{name}/" for name in names], most)


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a, b, c, … (7)`."""
    return ", ".join(names[:most]) + (f", … ({len(names)})" if len(names) > most else "")
