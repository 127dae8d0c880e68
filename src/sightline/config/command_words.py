"""The words before the overrides: `[EPOCHS] [MODEL] [MODE] [DIR]`, any of them "" or left out, a mode also first."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sightline.config.overrides import quoted
from sightline.config.shorthand import Names, is_path, is_timm
from sightline.config.stages import STAGES
from sightline.config.suggestions import did_you_mean
from sightline.errors import UsageError
from sightline.machine.paths import path_of
from sightline.machine.reading import is_file

MOST_DIGITS = 18
"""Of a number of epochs."""
_NUMBER: Final = re.compile(r"[-+]?(\d+[.,]?\d*|[.,]\d+)(e[-+]?\d+)?", re.IGNORECASE)
PATH: Final = "a path"
"""What a word may be beside the value of a key."""


def is_override(argument: str) -> bool:
    """Whether an argument is `key=value` or `~key`; `./a=b` and `~/pics` are paths, since no key holds a slash."""
    key, sign, _ = argument.partition("=")
    return "/" not in key and argument != "~" and (bool(sign) or argument.startswith("~"))


def overrides_from_words(
    words: Sequence[str],
    choices: Mapping[str, Collection[str]],
    timm_names: Names,
    mode: str | None = None,
) -> list[str]:
    """Turn the words into Hydra overrides; each is known by what it is, not by its place.

    Args:
        words: as typed.
        choices: of every group.
        timm_names: of models; asked where no other name fits.
        mode: that an override gives; it says what a path is for.

    Raises:
        UsageError: a word is no number, model, mode or path, or says the same thing twice.
    """
    found: dict[str, str] = {}
    paths: list[str] = []
    for word in (word for word in words if word):
        key = _meaning(word, choices, timm_names)
        if key == PATH:
            paths.append(word)
            continue
        if key in found:
            raise UsageError(f"{word!r}: {key} was already given as {found[key]!r}")
        found[key] = word
    words_of_keys = [f"{key}={value}" for key, value in found.items()]
    return words_of_keys + _of_paths(paths, found.get("mode", mode), choices["data"])


def _meaning(word: str, choices: Mapping[str, Collection[str]], timm_names: Names) -> str:
    if word.lstrip("-").isdecimal():
        if word.startswith("-") or not word.strip("0") or len(word) > MOST_DIGITS:
            raise UsageError(f"EPOCHS is {word}; it takes a whole number from 1")
        return "training.epochs"
    if word in choices["mode"]:
        return "mode"
    if word in choices["model"] or is_timm(word, timm_names):
        return "model"
    if is_path(word):
        return PATH
    if word in choices["data"]:
        return "data"
    if _NUMBER.fullmatch(word):
        raise UsageError(f"EPOCHS is {word}; it takes a whole number from 1")
    known = [*choices["model"], *choices["mode"], *sorted(timm_names())]
    models, modes = sorted(choices["model"]), sorted([*choices["mode"], "test"])
    raise UsageError(
        f"{word!r} is neither a model nor a mode, nor a folder that is here{did_you_mean(word, known)}\n"
        f"models: {', '.join(models)}, any of timm's · modes: {', '.join(modes)} · --help says what they do"
    )


def _of_paths(paths: Sequence[str], mode: str | None, choices: Collection[str]) -> list[str]:
    """What paths are for: the data of a mode that trains, the images or the run of one that comes later."""
    stage = STAGES.get(mode or "train")
    given: dict[str, list[str]] = {}
    for path in paths:
        is_later = stage is not None and stage.needs.startswith("finished")
        takes_input = stage is not None and stage.takes_input and not is_file(path_of(path) / "config.yaml")
        given.setdefault("data" if not is_later else "input" if takes_input else "run", []).append(path)
    takes_several = {"input"} | ({"run"} if stage is not None and stage.needs == "finished runs" else set())
    for key, named in given.items():
        if len(named) > 1 and key not in takes_several:
            raise UsageError(f"{named[1]!r}: {key} was already given as {named[0]!r}")
    return [f"{key}={_value(key, named, choices)}" for key, named in given.items()]


def _value(key: str, paths: Sequence[str], choices: Collection[str]) -> str:
    if len(paths) > 1:
        return f"[{','.join(map(quoted, paths))}]"
    if key == "data":
        return f"./{paths[0]}" if paths[0] in choices else paths[0]
    return quoted(paths[0]) if paths[0].startswith("[") else paths[0]
