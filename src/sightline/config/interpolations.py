r"""References of a configuration to itself, `${optimizer.lr}`; none to what surrounds the command.

`${oc.env:NAME}` in a stranger's recipe would write a variable of this machine into the run and send it to the tracker.
So nothing of the form `${name:…}` is resolved: other functions read the clock, or read text as references once more.
"""

import re
from collections.abc import Sequence
from typing import Final

from sightline.config.flatten import texts
from sightline.config.overrides import key_of
from sightline.errors import UsageError

_ESCAPED: Final = re.compile(r"\\\\|\\\$\{")
"""A backslash that stands for itself, and `${` that does."""
_REFERENCE: Final = re.compile(r"\$\{[\w.$\[\]\s]*\}")
"""To a key, without another reference within."""

LITERAL_REFERENCE: Final = "${…} refers to another key; text that holds it is written '\"\\${…}\"'"
"""How a path with these signs is written, quotes of the shell included."""


def refuse_functions(content: object) -> None:
    """Refuse `${name:…}` in any key of a configuration that is not resolved yet, given as plain values.

    Raises:
        UsageError: there is one.
    """
    for key, text in texts(content):
        if _calls(text):
            raise UsageError(
                f"{key} holds a function, ${{NAME:…}}, which is not called: runs would keep what it reads of this "
                "machine; write the value itself, and leave passwords to the variables that their clients read; "
                f"{LITERAL_REFERENCE}"
            )


def refuse_functions_in_overrides(overrides: Sequence[str]) -> None:
    """Refuse them in overrides, some of which Hydra resolves by itself.

    Raises:
        UsageError: there is one.
    """
    for override in overrides:
        refuse_functions({key_of(override): override})


def _calls(text: str) -> bool:
    """Whether anything but references to keys is to be resolved in a text."""
    text = _ESCAPED.sub("", text)
    while (simpler := _REFERENCE.sub("x", text)) != text:
        text = simpler
    return "${" in text
