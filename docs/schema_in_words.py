"""The schema of the configuration, for a person: `int in [1, 100]`, `one of …`; for the page of configuration.py."""

from collections.abc import Iterable, Mapping
from typing import Any

from sightline.config.schema import Config

Schema = Mapping[str, Any]
SCHEMA = Config.model_json_schema()


def code(words: Iterable[str]) -> str:
    """Words as code."""
    return ", ".join(f"`{word}`" for word in words)


def resolved(schema: Schema) -> Schema:
    """The schema itself, where it only names one."""
    found: Schema = SCHEMA["$defs"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    return found


def schema_of(dotted: str, name: str = "") -> Schema:
    """The schema of a key, empty if there is none; `name` picks the model where a place takes several."""
    found: Schema = SCHEMA
    for part in dotted.split("."):
        options = [resolved(model) for model in found.get("oneOf", found.get("anyOf", [found]))]
        models = [model["properties"] for model in options if "properties" in model]
        named = {model.get("name", {}).get("const", ""): model for model in models}
        found = resolved(named.get(name, named.get("", {})).get(part, {}))
    return found


def in_words(schema: Schema) -> str:
    """A type and its limits, for a person."""
    schema = resolved(schema)
    match schema:
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return f"one of {code(values)}"
        case {"anyOf": options}:
            return " or ".join(in_words(option) for option in options)
        case {"oneOf": options}:
            group = next(name for name, other in SCHEMA["properties"].items() if other.get("oneOf") == options)
            return f"a choice of [{group}](#{group})"
        case {"prefixItems": [item, *more]}:
            return f"list of {len(more) + 1}: {in_words(item)}"
        case {"items": item}:
            return f"{'non-empty ' * ('minItems' in schema)}list of {in_words(item)}".replace("one of", "any of")
        case {"pattern": pattern}:
            return f"str (`{pattern}`)"
        case {"type": "integer" | "number" as kind}:
            return ("int" if kind == "integer" else "float") + limits(schema)
    return {"boolean": "bool", "null": "null", "string": "str", "object": "mapping"}[schema["type"]]


def limits(schema: Schema) -> str:
    """The limits of a number: ` ≥ 1`, ` in [0, 1)`, or nothing."""
    low, high = (schema.get(end, schema.get(f"exclusive{end.title()}")) for end in ("minimum", "maximum"))
    multiple = f", multiple of {schema['multipleOf']}" if "multipleOf" in schema else ""
    if low is not None and high is not None:
        left, right = "[" if "minimum" in schema else "(", "]" if "maximum" in schema else ")"
        return f" in {left}{low:g}, {high:g}{right}{multiple}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return "".join(f" {sign} {schema[end]:g}" for end, sign in signs.items() if end in schema) + multiple
