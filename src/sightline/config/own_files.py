"""YAML files of a person's own, outside conf/: `recipe=FILE.yaml` and `sweep=FILE.yaml`."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sightline.config.parse import load
from sightline.config.stored import key_of
from sightline.errors import UsageError


def with_recipe(overrides: Sequence[str]) -> list[str]:
    """Put the overrides of `recipe=FILE.yaml` in its place; what is typed wins over them.

    Raises:
        UsageError: there is no such file, or it holds no list of overrides.
    """
    rest, path = _taken("recipe", overrides)
    if path is None:
        return rest
    content = _read("recipe", path)
    own = content.get("overrides")
    if set(content) != {"overrides"} or not isinstance(own, list) or not all(isinstance(one, str) for one in own):
        raise UsageError(f"recipe={path} takes one key, `overrides`, with a list of key=value")
    typed = {key_of(override) for override in rest}
    return [*(override for override in own if key_of(override) not in typed), *rest]


def without_sweep(overrides: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Take `sweep=FILE.yaml` out, and give what the file says.

    Raises:
        UsageError: there is no such file, or it is no mapping.
    """
    rest, path = _taken("sweep", overrides)
    return rest, {} if path is None else _read("sweep", path)


def fill(target: dict[str, Any], given: Mapping[str, Any], typed: Collection[str], prefix: str = "sweep") -> None:
    """Put the values of a file in place, but for keys that were typed; a space is taken whole."""
    for key, value in given.items():
        name = f"{prefix}.{key}"
        if isinstance(value, dict) and isinstance(target.get(key), dict) and name != "sweep.space":
            fill(target[key], value, typed, name)
        elif name not in typed:
            target[key] = value


def _taken(group: str, overrides: Sequence[str]) -> tuple[list[str], str | None]:
    """The overrides without the choice of a file for a group, and that file."""
    given = [one for one in overrides if one.startswith(f"{group}=") and one.endswith((".yaml", ".yml"))]
    path = given[-1].partition("=")[2] if given else None
    return [override for override in overrides if override not in given], path


def _read(group: str, path: str) -> dict[str, Any]:
    try:
        return load(Path(path))
    except UsageError as error:
        raise UsageError(f"{group}={path}: {error}") from error
