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
