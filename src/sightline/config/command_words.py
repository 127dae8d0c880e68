"""The words before the overrides: `[EPOCHS] [MODEL] [MODE]`, any of them "" or left out, a mode also first."""

from collections.abc import Collection, Sequence

from sightline.config.suggestions import did_you_mean
from sightline.errors import UsageError

MOST_DIGITS = 18
"""Of a number of epochs."""


def overrides_from_words(words: Sequence[str], modes: Collection[str], models: Collection[str]) -> list[str]:
    """Turn the words into Hydra overrides; each is known by what it is, not by its place.

    Raises:
        UsageError: a word is no number, model or mode, or says the same thing twice.
    """
    found: dict[str, str] = {}
    for word in (word for word in words if word):
        key = _meaning(word, modes, models)
        if key in found:
            raise UsageError(f"{word!r}: {key} was already given as {found[key]!r}")
        found[key] = word
    return [f"{key}={value}" for key, value in found.items()]


def _meaning(word: str, modes: Collection[str], models: Collection[str]) -> str:
    if word.lstrip("-").isdecimal():
        if word.startswith("-") or not word.strip("0") or len(word) > MOST_DIGITS:
            raise UsageError(f"EPOCHS is {word}; it takes a whole number from 1")
        return "training.epochs"
    if word in modes:
        return "mode"
    if word in models:
        return "model"
    raise UsageError(
        f"{word!r} is neither a model nor a mode{did_you_mean(word, [*models, *modes])}\n"
        f"models: {', '.join(sorted(models))} · modes: {', '.join(sorted([*modes, 'test']))}"
    )
