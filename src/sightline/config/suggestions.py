"""Suggestions for a mistyped name."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the nearest known name, or nothing where none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def did_you_mean_key(key: str, known: Iterable[str]) -> str:
    """The same for a dotted key: a like-named one beside it, one of its name elsewhere, or the nearest of all."""
    known = [name for name in known if name != key]
    parent, _, name = key.rpartition(".")
    beside = {other.rpartition(".")[2]: other for other in known if other.rpartition(".")[0] == parent}
    near = get_close_matches(name, beside, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {beside[near[0]]}?"
    elsewhere = [other for other in known if other.rpartition(".")[2] == name] or get_close_matches(key, known, 1, 0.8)
    return f"; did you mean {elsewhere[0]}?" if elsewhere else ""
