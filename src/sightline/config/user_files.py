"""YAML files of a person's own, outside conf/: `recipe=FILE.yaml` and `sweep=FILE.yaml`."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sightline.config.overrides import keys_of, without_keys
from sightline.config.parse import load
from sightline.errors import UsageError
from sightline.machine.paths import path_of


def expand_recipe(overrides: Sequence[str]) -> list[str]:
    """Put the overrides of `recipe=FILE.yaml` in its place; what is typed wins over them.

    Raises:
        UsageError: there is no such file, or it holds no list of overrides.
    """
    rest, path = _take_file("recipe", overrides)
    if path is None:
        return rest
    content = _read("recipe", path)
    own = content.get("overrides")
    if set(content) != {"overrides"} or not isinstance(own, list) or not all(isinstance(one, str) for one in own):
        raise UsageError(f"recipe={path} takes one key, `overrides`, with a list of key=value")
    return [*without_keys(own, keys_of(rest)), *rest]


def data_of_recipe(overrides: Sequence[str], conf: Path) -> str | None:
    """The choice of data that a recipe of this project makes, if there is one.

    Args:
        overrides: as typed.
        conf: the folder of the project's own YAML files.
    """
    names = [one.partition("=")[2] for one in overrides if one.startswith("recipe=")]
    path = conf / "recipe" / f"{names[-1]}.yaml" if names else None
    if path is None or Path(names[-1]).name != names[-1] or not path.is_file():
        return None
    made = load(path).get("defaults")
    chosen = [one["override /data"] for one in made if "override /data" in one] if isinstance(made, list) else []
    return str(chosen[-1]) if chosen else None


def take_sweep_file(overrides: Sequence[str]) -> tuple[list[str], dict[str, object]]:
    """Take `sweep=FILE.yaml` out, and give what the file says.

    Raises:
        UsageError: there is no such file, or it is no mapping.
    """
    rest, path = _take_file("sweep", overrides)
    return rest, {} if path is None else _read("sweep", path)


def merge_sweep(
    target: dict[str, object], given: Mapping[str, object], typed: Collection[str], prefix: str = "sweep"
) -> None:
    """Put the values of a file in place, but for keys that were typed; a space is taken whole."""
    for key, value in given.items():
        name = f"{prefix}.{key}"
        inner = target.get(key)
        if isinstance(value, dict) and isinstance(inner, dict) and name != "sweep.space":
            merge_sweep(inner, value, typed, name)
        elif name not in typed:
            target[key] = value


def _take_file(group: str, overrides: Sequence[str]) -> tuple[list[str], str | None]:
    """The overrides without the choice of a file for a group, and that file."""
    given = [one for one in overrides if one.startswith(f"{group}=") and one.endswith((".yaml", ".yml"))]
    path = given[-1].partition("=")[2] if given else None
    return [override for override in overrides if override not in given], path


def _read(group: str, path: str) -> dict[str, object]:
    try:
        return load(path_of(path))
    except UsageError as error:
        raise UsageError(f"{group}={path}: {error}") from error
