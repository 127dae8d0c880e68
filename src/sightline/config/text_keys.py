"""Which keys of the configuration take text, by the types of the schema."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from sightline.config.base import UserPath
from sightline.config.schema import Config

Kind = Literal["text", "text or list", "list"]
"""What a key takes: a text, a text or a list of them, a list of texts alone."""


@cache
def text_keys() -> Mapping[str, Kind]:
    """The dotted keys that take text, and in which shape; one that takes a number as well is none of them."""
    found: dict[str, set[str]] = {}
    for key, shape in _shapes(Config, ""):
        found.setdefault(key, set()).add(shape)
    kinds: dict[str, Kind] = {}
    for key, shapes in found.items():
        if "other" in shapes:
            continue
        if "text" in shapes:
            kinds[key] = "text or list" if "list" in shapes else "text"
        elif "list" in shapes:
            kinds[key] = "list"
    return kinds


def _shapes(annotation: Any, key: str) -> Iterator[tuple[str, str]]:
    """The shapes that a type allows for a key and for those below it; `name` is one of a few words, `null` nothing."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield from _shapes(field.annotation, f"{key}.{name}" if key else name)
    elif origin is Annotated:
        yield from _shapes(parts[0], key)
    elif origin in {Union, UnionType}:
        for part in parts:
            yield from _shapes(part, key)
    elif origin is Literal and all(isinstance(part, str) for part in parts):
        yield key, "name"
    elif annotation is type(None):
        yield key, "null"
    elif annotation is str:
        yield key, "text"
    elif origin is tuple and (parts[0] in {str, UserPath} or get_origin(parts[0]) is Literal):
        yield key, "list"
    else:
        yield key, "other"
