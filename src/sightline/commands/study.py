"""Several trainings under one command: every variant with every seed, each a run of its own, to be compared.

What has begun and what has ended is written down as it happens, so the same command with `run=` goes on where a
killed study stopped.
"""

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sightline.config import parse
from sightline.config.overrides import keys_of, without_keys
from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.systems import MEMBERS
from sightline.machine.terminal import logger
from sightline.run.folder import Run
from sightline.tracking import PARENT

AS_CONFIGURED = "as configured"
"""The name of the only variant of a study that varies nothing but the seed."""


@dataclass(frozen=True)
class Member:
    """One training of a study: what is varied, its seed, and its whole configuration."""

    variant: str
    seed: int
    config: Config


Train = Callable[[Member, Run | None, Callable[[Run], None]], Run]


def members(
    config: Config, overrides: Sequence[str], compose: Callable[[Sequence[str]], dict[str, Any]]
) -> list[Member]:
    """The trainings of a study, the first seed of every variant before the second of any.

    Args:
        config: of the study.
        overrides: of its command.
        compose: from overrides to a configuration.

    Raises:
        UsageError: a variant cannot be composed, or is the same as another.
    """
    found = []
    for seed in config.seeds or (config.seed,):
        for variant in config.variants or ("",):
            words = shlex.split(variant)
            if strange := [word for word in words if "=" not in word]:
                raise UsageError(f"variants: {strange[0]!r} of {variant!r} is no key=value")
            alone = ["seeds=null", "variants=null", "run=null", f"seed={seed}"]
            kept = without_keys(overrides, keys_of([*words, *alone]))
            found.append(Member(variant or AS_CONFIGURED, seed, parse.parse(compose([*kept, *words, *alone]))))
    hashes: dict[str, str] = {}
    for member in found:
        same = hashes.setdefault(parse.config_hash(member.config), member.variant)
        if same != member.variant:
            raise UsageError(f"variants: {same!r} and {member.variant!r} are the same training")
    return found


def train_members(run: Run, trainings: Sequence[Member], train: Train) -> None:
    """Train what has not been trained yet; what was interrupted goes on.

    Args:
        run: of the study.
        trainings: all its members.
        train: trains one, in the given run or a new one, and says which it is as soon as it is there.
    """
    rows = run.rows(MEMBERS)
    folders = {(row["variant"], row["seed"]): row["run"] for row in rows}
    ended = {(row["variant"], row["seed"]) for row in rows if row["state"] == "finished"}
    for number, member in enumerate(trainings):
        key = (member.variant, member.seed)
        if key in ended:
            continue
        logger.info("study: %s, seed %d (%d of %d)", *key, number + 1, len(trainings))
        child = train(member, _begun(key, folders, run), partial(_note, run, key, "begun"))
        _note(run, key, "finished", child)


def comparing(config: Config) -> Config:
    """The configuration of the stages that come after the trainings."""
    stages = config.mode.model_copy(update={"stages": ("compare", "report")})
    return config.model_copy(update={"mode": stages, "tracking": config.tracking.model_copy(update={"name": "none"})})


def _begun(key: tuple[str, int], folders: dict[tuple[str, int], str], run: Run) -> Run | None:
    """The folder in which a member was begun, if it is still there."""
    folder = folders.get(key)
    if folder is None:
        return None
    path = (run.path / folder).resolve()
    return Run(path) if (path / "config.yaml").is_file() else None


def _note(run: Run, key: tuple[str, int], state: str, child: Run) -> None:
    folder = Path(os.path.relpath(child.path, run.path)).as_posix()
    child.save_json(PARENT, {"run": os.path.relpath(run.path, child.path)})
    run.append(MEMBERS, {"variant": key[0], "seed": key[1], "run": folder, "state": state})
