"""Nested configurations by dotted key: `optimizer.lr` of `{"optimizer": {"lr": 0.1}}`."""

from collections.abc import Iterator, Mapping


def dotted_items(content: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every dotted key with what stands there; a group comes before its keys, as the mapping it is."""
    for key, value in content.items():
        yield f"{prefix}{key}", value  # YAML knows keys that are no text
        if isinstance(value, Mapping):
            yield from dotted_items(value, f"{prefix}{key}.")


def flatten(content: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """The values by dotted key, without the groups that they stand in."""
    return {key: value for key, value in dotted_items(content, prefix) if not isinstance(value, Mapping)}


def texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the dotted key that it stands in, those in lists included; a name is a text of what holds it."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            place = f"{key}.{name}" if key else str(name)
            yield key or place, str(name)
            yield from texts(inner, place)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner, key)
