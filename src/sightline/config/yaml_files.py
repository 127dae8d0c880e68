"""Files of YAML: what they hold as plain values, or one line on what is wrong with them."""

from pathlib import Path
from typing import Final

import yaml

from sightline.errors import UsageError
from sightline.machine.reading import read_regular

MOST_BYTES: Final = 2**18
"""Ten times the largest configuration; the reader takes seconds for so many."""

MOST_VALUES: Final = 2**17
"""With each `*alias` counted as all that it stands for."""


def read_yaml(path: Path) -> object:
    """What a file of YAML holds; None where it is empty.

    Raises:
        UsageError: it cannot be read, is no YAML in UTF-8, or holds more than a configuration can.
    """
    try:
        return _content(read_regular(path, MOST_BYTES, f"the {MOST_BYTES / 1e6:.2g} MB of a configuration").decode())
    except FileNotFoundError as error:
        raise UsageError(f"{path} is not there") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8 (byte {error.start}); save it as UTF-8") from error
    except (
        yaml.YAMLError,
        ValueError,  # a date or a number that there is not
        RecursionError,  # endless depth
        LookupError,  # what stands behind !!bool and !!int and is none
        AttributeError,  # likewise, behind !!timestamp
        TypeError,
        ArithmeticError,
    ) as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split()) or type(error).__name__}") from error


def _content(text: str) -> object:
    """The values of a text, once it is known how many there are."""
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if _count(root, {}) > MOST_VALUES:
            raise yaml.YAMLError(f"its aliases stand for more than {MOST_VALUES:,} values")
        content: object = loader.construct_document(root)
        return content
    finally:
        loader.dispose()


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for, aliases followed; `known` are those of nodes counted before."""
    if id(node) in known:
        if not known[id(node)]:
            raise yaml.YAMLError("an alias stands within what it stands for")
        return known[id(node)]
    known[id(node)] = 0
    match node:
        case yaml.SequenceNode():
            inner = sum(_count(one, known) for one in node.value)
        case yaml.MappingNode():
            inner = sum(_count(key, known) + _count(value, known) for key, value in node.value)
        case _:
            inner = 0
    known[id(node)] = 1 + inner
    return 1 + inner
