"""One thing that must hold, and what was found of it."""

from typing import NamedTuple


class Check(NamedTuple):
    """Whether something holds.

    Attributes:
        name: of the check, as `robustness.json` has it.
        holds: whether it does.
        seen: what was found, in words for people.
    """

    name: str
    holds: bool
    seen: str
