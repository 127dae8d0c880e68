"""Variables around a command that hold numbers: read, or refused by name."""

import os
import re

from sightline.errors import UsageError

THREADS = re.compile(r"\s*[1-9]\d{0,5}(\s*,\s*[1-9]\d{0,5})*\s*")
"""Of OMP_NUM_THREADS: a number, or one for each level of nesting."""


def whole_number(name: str, default: int, least: int = 0) -> int:
    """The number that a variable of a launcher holds.

    Raises:
        UsageError: it holds none, or one below the least.
    """
    text = os.environ.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < least:
        raise UsageError(
            f"the variable {name} is {text!r}, and takes a whole number from {least}; unset it, or start with torchrun"
        )
    return int(text)


def check_thread_count() -> None:
    """Refuse an OMP_NUM_THREADS that libraries would each take for something else.

    Raises:
        UsageError: it is none.
    """
    text = os.environ.get("OMP_NUM_THREADS")
    if text is not None and not THREADS.fullmatch(text):
        raise UsageError(f"the variable OMP_NUM_THREADS is {text!r}, and takes a number of threads from 1; unset it")
