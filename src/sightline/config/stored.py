"""What a command may change of a run that exists: the stored configuration wins."""

import copy
import json
from collections.abc import Mapping, Sequence

from sightline.config.base import AUTO
from sightline.config.flatten import flatten
from sightline.config.groups import (
    BASES,
    CHANGEABLE,
    COMMAND_KEYS,
    FITTED,
    FIXED_BY_TRAINING,
    OWN_GROUPS,
    RESULT_NEUTRAL,
    STUDY_KEYS,
)
from sightline.config.overrides import key_of, root_of
from sightline.errors import UsageError


def with_overrides(
    stored: Mapping[str, object], composed: Mapping[str, object], overrides: Sequence[str]
) -> dict[str, object]:
    """The configuration of a later stage: the stored one, with the overrides of changeable groups applied.

    Args:
        stored: the run's configuration.
        composed: what the command alone composes to; values of overrides are taken from it.
        overrides: Hydra overrides as typed.

    Raises:
        UsageError: an override is about something that training fixed.
    """
    changeable = [one for one in overrides if root_of(one) in CHANGEABLE or key_of(one) in RESULT_NEUTRAL]
    fixed = [one for one in overrides if one not in changeable and root_of(one) not in COMMAND_KEYS]
    if fixed:
        raise UsageError(
            f"{fixed[0]} cannot be changed with run=: training fixed {', '.join(FIXED_BY_TRAINING)}\n"
            f"leave it out, or train a new run with it; free to change: {', '.join(CHANGEABLE)}"
        )
    result = copy.deepcopy(dict(stored))
    for key in COMMAND_KEYS:
        result[key] = composed[key]
    if (own := OWN_GROUPS.get(_mode(composed))) is not None:
        result[own] = copy.deepcopy(composed[own])
    for override in sorted(changeable, key=lambda one: key_of(one).count(".")):  # a choice before its keys
        _copy_value(composed, result, key_of(override).split("."))
    return result


def check_same_training(stored: Mapping[str, object], composed: Mapping[str, object]) -> None:
    """A resumed training must be the one that was begun; what it leaves to a rule stays as the run has it.

    Raises:
        UsageError: it is not; the differing keys are named.
    """
    keys = (*FIXED_BY_TRAINING, *STUDY_KEYS)
    before = flatten({key: stored[key] for key in keys})
    now = flatten({key: composed[key] for key in keys})
    now |= {key: before[key] for key in FITTED if now.get(key) == AUTO and before.get(key) is not None}
    if different := differences(before, now):
        raise UsageError(
            f"run= resumes a training whose configuration was another: {different}\n"
            "repeat the command that began it with run= added, or leave run= out to begin a new run"
        )


def differences(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """What values were where they are others now, by dotted key: the first three, and how many more; empty if none."""
    unknown = {base for base in BASES.values() if before.get(base) is None}  # to versions without the rule
    passed_over = {*RESULT_NEUTRAL, *unknown}
    different = [key for key in {**before, **now} if before.get(key) != now.get(key) and key not in passed_over]
    shown = ", ".join(f"{key} was {json.dumps(before.get(key))}" for key in different[:3])
    return shown + (f" and {len(different) - 3} more" if len(different) > 3 else "")


def _mode(composed: Mapping[str, object]) -> str:
    mode = composed["mode"]
    return str(mode["name"]) if isinstance(mode, Mapping) else ""


def _copy_value(source: Mapping[str, object], target: dict[str, object], path: Sequence[str]) -> None:
    """Copy what stands at the end of a path of keys."""
    key, *rest = path
    inner = source[key]
    place = target.get(key)
    if rest and isinstance(inner, Mapping) and isinstance(place, dict):
        _copy_value(inner, place, rest)
    else:
        target[key] = copy.deepcopy(inner)
