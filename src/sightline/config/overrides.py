"""What overrides are about: `optimizer.lr` is the key of `++optimizer.lr=1`."""

from collections.abc import Collection, Iterable


def key_of(override: str) -> str:
    """The key an override is about, without its signs: `optimizer.lr` of `++optimizer.lr=1`."""
    return override.split("=", 1)[0].lstrip("+~")


def root_of(override: str) -> str:
    """The group or top-level key an override is about: `optimizer` of `++optimizer.lr=1`."""
    return key_of(override).split("@")[0].split(".")[0]


def keys_of(overrides: Iterable[str]) -> set[str]:
    """The keys that overrides are about."""
    return {key_of(override) for override in overrides}


def without_keys(overrides: Iterable[str], keys: Collection[str]) -> list[str]:
    """The overrides that are about none of these keys."""
    return [override for override in overrides if key_of(override) not in keys]
