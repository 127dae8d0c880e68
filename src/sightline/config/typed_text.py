"""Text is taken as it is typed: what a key of text is given never goes through Hydra's grammar.

To the grammar `~/pics`, `data (1)`, `müller`, `a=b` and `1e3` are mistakes or numbers. Here such a value gets quotes.
Left to Hydra are what is in quotes already, what a backslash shields from its grammar, `null`, and whatever holds `${`,
which refers to other keys (`interpolations`). In a list each element is text of its own.
"""

import re
from typing import Final

from sightline.config.overrides import key_of, quoted
from sightline.config.text_keys import text_keys
from sightline.errors import UsageError

_QUOTED: Final = re.compile(r"(['\"])(?:\\.|(?!\1)[^\\])*\1", re.DOTALL)
"""One text in quotes, from its first character to its last."""
_SHIELDED: Final = re.compile(r"(?=.*\\[()\[\]{}:=, \t])(?:[\w /+\-.$%*@?|:]|\\[()\[\]{}:=, \t\\]|\\(?=\w))+", re.ASCII)
"""A text without quotes in which every sign of Hydra's grammar has a backslash before it."""
_GRAMMAR: Final = re.compile(r"[\w ./+\-*@$%|?:,()='\"\[\]{}]+", re.ASCII)
"""Signs with which Hydra writes numbers, names, lists and functions."""
PAIRS: Final = {"(": ")", "[": "]", "{": "}"}


def as_typed(override: str) -> str:
    """The override as Hydra's grammar must see it, so that a key of text gets its text.

    Raises:
        UsageError: a list has an empty element.
    """
    head, sign, value = override.partition("=")
    key = key_of(override)
    if not (sign and value) or "${" in value or override.startswith("~"):
        return override
    kind = text_keys().get(key)
    is_list = value.startswith("[") and value.endswith("]")
    if kind is None:
        # Of what no grammar reads, the schema says what the key takes; brackets are a list that is not closed.
        return override if value[0] in "[{" or _GRAMMAR.fullmatch(value) else f"{head}={quoted(value)}"
    if value.lower() == "null" or (kind == "list" and not is_list and "," in value):
        return override
    if kind == "list" and not is_list:
        return f"{head}=[{_written(value)}]"
    if kind == "text" or not is_list:
        return f"{head}={_written(value)}"
    elements = _elements(value[1:-1])
    if "" in elements:
        raise UsageError(f"{key}={value} has an empty element; a list is written [a,b]")
    return f"{head}=[{','.join(map(_written, elements))}]"


def _written(text: str) -> str:
    """A text as Hydra's grammar reads it back."""
    if _QUOTED.fullmatch(text) or _SHIELDED.fullmatch(text):
        return text
    return quoted(text)


def _elements(content: str) -> list[str]:
    """What stands between the brackets of a list; a bracket without its like, as in some file names, holds nothing."""
    found = _parted(content, brackets=True)
    return _parted(content, brackets=False) or [] if found is None else found


def _parted(content: str, *, brackets: bool) -> list[str] | None:
    """A list parted by commas outside quotes, and inner brackets if they count; None where these do not pair off."""
    if not content.strip():
        return []
    found: list[str] = []
    inside: list[str] = []
    place = start = 0
    while place < len(content):
        sign = content[place]
        if not content[start:place].strip() and (quotes := _QUOTED.match(content, place)):
            place = quotes.end()  # quotes count only where an element begins: it's.jpg
            continue
        if brackets and sign in PAIRS:
            inside.append(PAIRS[sign])
        elif brackets and sign in PAIRS.values() and (not inside or inside.pop() != sign):
            return None
        elif sign == "," and not inside:
            found.append(content[start:place].strip())
            start = place + 1
        place += 1
    return None if inside else [*found, content[start:].strip()]
