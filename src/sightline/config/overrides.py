"""Overrides: what they are about (`optimizer.lr` is the key of `++optimizer.lr=1`), and how they are written."""

import json
import re
from collections.abc import Collection, Iterable, Mapping

from sightline.errors import UsageError

_BARE = re.compile(r"(?!(?:null|true|false|inf|nan)$)[a-z_][\w.-]*", re.ASCII | re.IGNORECASE)
"""Text that needs no quotes."""


def key_of(override: str) -> str:
    """The key an override is about, without its signs: `optimizer.lr` of `++optimizer.lr=1`."""
    return override.split("=", 1)[0].lstrip("+~")


def root_of(override: str) -> str:
    """The group or top-level key an override is about: `optimizer` of `++optimizer.lr=1`."""
    return key_of(override).split("@")[0].split(".")[0]


def keys_of(overrides: Iterable[str]) -> set[str]:
    """The keys that overrides are about."""
    return {key_of(override) for override in overrides}


def check_keys(overrides: Iterable[str]) -> None:
    """Refuse an override without a key, which Hydra takes for one of its own kinds, and those about Hydra itself.

    Raises:
        UsageError: there is one.
    """
    for override in overrides:
        if not root_of(override):
            raise UsageError(f"{override!r} has no key; it takes key=value")
        if root_of(override).partition("/")[0] == "hydra" or "@" in key_of(override):
            raise UsageError(f"unknown key {key_of(override)}")


def without_keys(overrides: Iterable[str], keys: Collection[str]) -> list[str]:
    """The overrides that are about none of these keys."""
    return [override for override in overrides if key_of(override) not in keys]


def as_overrides(values: Mapping[str, object]) -> list[str]:
    """Values by key as overrides that Hydra reads back as they are."""
    return [f"{key}={literal(value)}" for key, value in values.items()]


def literal(value: object) -> str:
    """A value as Hydra's grammar writes it."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(literal(one) for one in value) + "]"
    if isinstance(value, str):
        return value if _BARE.fullmatch(value) else quoted(value)
    return json.dumps(value)


def quoted(text: str) -> str:
    """A text in quotes, from which Hydra's grammar reads the very same text."""
    shielded = re.sub(r'(\\*)"', r'\1\1\\"', text)  # backslashes count only before quotes
    return '"' + re.sub(r"(\\+)\Z", r"\1\1", shielded) + '"'
