"""What a command may change of a run that exists: the stored configuration wins."""

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sightline.config.groups import ANYTIME, FREE, STUDY, TRAINED
from sightline.errors import UsageError

ABOUT_THE_COMMAND = ("mode", "run", "predictions", "input", "output", "runs_dir", "device")
"""Keys that say what this command does and where, not what was trained."""


def root_of(override: str) -> str:
    """The group or top-level key an override is about: `optimizer` of `++optimizer.lr=1`."""
    return key_of(override).split("@")[0].split(".")[0]


def key_of(override: str) -> str:
    """The key an override is about, without its signs: `optimizer.lr` of `++optimizer.lr=1`."""
    return override.split("=", 1)[0].lstrip("+~")


def with_overrides(stored: Mapping[str, Any], composed: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The configuration of a later stage: the stored one, with the overrides of free groups applied.

    Args:
        stored: the run's configuration.
        composed: what the command alone composes to; values of overrides are taken from it.
        overrides: Hydra overrides as typed.

    Raises:
        UsageError: an override is about something that training fixed.
    """
    free = [override for override in overrides if root_of(override) in FREE or key_of(override) in ANYTIME]
    fixed = [override for override in overrides if override not in free and root_of(override) not in ABOUT_THE_COMMAND]
    if fixed:
        raise UsageError(
            f"{fixed[0]} cannot be changed with run=: training fixed {', '.join(TRAINED)}\n"
            f"leave it out, or train a new run with it; free to change: {', '.join(FREE)}"
        )
    result = copy.deepcopy(dict(stored))
    for key in ABOUT_THE_COMMAND:
        result[key] = composed[key]
    for override in sorted(free, key=lambda one: key_of(one).count(".")):  # a choice before its keys
        _copy_value(composed, result, key_of(override).split("."))
    return result


def check_same_training(stored: Mapping[str, Any], composed: Mapping[str, Any]) -> None:
    """A resumed training must be the one that was begun.

    Raises:
        UsageError: it is not; the differing keys are named.
    """
    before, now = (flat({key: content[key] for key in (*TRAINED, *STUDY)}) for content in (stored, composed))
    if different := differences(before, now):
        raise UsageError(
            f"run= resumes a training whose configuration was another: {different}\n"
            "repeat the command that began it with run= added, or leave run= out to begin a new run"
        )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What values were where they are others now, by dotted key: the first three, and how many more; empty if none."""
    different = [key for key in {**before, **now} if before.get(key) != now.get(key) and key not in ANYTIME]
    shown = ", ".join(f"{key} was {json.dumps(before.get(key))}" for key in different[:3])
    return shown + (f" and {len(different) - 3} more" if len(different) > 3 else "")


def _copy_value(source: Mapping[str, Any], target: dict[str, Any], path: Sequence[str]) -> None:
    for part in path[:-1]:
        source, target = source[part], target[part]
    target[path[-1]] = copy.deepcopy(source[path[-1]])


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of a nested mapping by their dotted keys."""
    values: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            values |= flat(value, f"{prefix}{key}.")
        else:
            values[prefix + key] = list(value) if isinstance(value, tuple) else value
    return values
