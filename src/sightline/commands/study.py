"""Several trainings under one command: every variant with every seed, each a run of its own, to be compared.

What has begun and what has ended is written down as it happens, so the same command with `run=` goes on where a
killed study stopped.
"""

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from sightline.commands.command import Command
from sightline.commands.comparable import check_comparable
from sightline.commands.modes import comparison
from sightline.commands.new_run import check_inputs, create_run
from sightline.commands.pipeline import run_stages
from sightline.commands.train import run_to_resume, train
from sightline.commands.unused import refuse_unused_by_all
from sightline.commands.writing import writing
from sightline.config import parse
from sightline.config.data import name_for_runs
from sightline.config.fitted import as_formerly, is_former
from sightline.config.flatten import flatten
from sightline.config.groups import COMMAND_KEYS, STUDY_KEYS
from sightline.config.overrides import keys_of, root_of, without_keys
from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.find_systems import MEMBERS
from sightline.machine.distributed import world
from sightline.machine.signals import going_on
from sightline.machine.terminal import logger
from sightline.run.folder import Run
from sightline.run.records import MemberRow
from sightline.tracking import PARENT

AS_CONFIGURED = "as configured"
"""The name of the only variant of a study that varies nothing but the seed."""

OF_THE_STUDY = frozenset({*COMMAND_KEYS, *STUDY_KEYS, "seed", "recipe"}) - {"device"}
"""Keys that no variant may set: one command has one mode and one folder for runs, and its seeds are those of all."""


@dataclass(frozen=True)
class Member:
    """One training of a study: what is varied, its seed, and its whole configuration."""

    variant: str
    seed: int
    config: Config


TrainMember = Callable[[Member, Run | None, Callable[[Run], None]], Run]
"""Trains a member, in its run or a new one, and says which it is as soon as it is there."""


def run_study(command: Command) -> None:
    """Train every member, then compare them.

    Raises:
        UsageError: a member cannot be trained, or torchrun started the command.
    """
    if world().size > 1:
        raise UsageError("seeds and variants train one run after the other; start them without torchrun")
    config = command.config
    members = study_members(command)
    run = run_to_resume(config)
    if run is not None and is_former(flatten(parse.load(run.path / "config.yaml"))):
        members = [replace(member, config=as_formerly(member.config)) for member in members]
    if run is None:
        refuse_unused_by_variants(command, members)
        for member in members:
            check_inputs(member.config)
        check_comparable((member.variant, member.config) for member in members)
        run = create_run(config, f"{name_for_runs(config.data)}-study", command.arguments)

    def train_member(member: Member, child: Run | None, begun: Callable[[Run], None]) -> Run:
        return train(member.config, command.arguments, child, begun)

    again = f"the same command with run={run.path.parent.name}/{run.path.name} goes on"
    with writing(run, command.arguments), going_on(again):
        try:
            train_members(run, members, train_member)
        except BaseException:
            logger.info("study: %s", again)
            raise
        run_stages(comparison(config), run)


def study_members(command: Command) -> list[Member]:
    """The trainings of a study, the first seed of every variant before the second of any.

    Raises:
        UsageError: a variant cannot be composed, or is the same as another.
    """
    config = command.config
    found = [
        _member(command, variant, seed)
        for seed in config.seeds or (config.seed,)
        for variant in config.variants or ("",)
    ]
    by_hash: dict[str, str] = {}
    for member in found:
        same = by_hash.setdefault(parse.config_hash(member.config), member.variant)
        if same != member.variant:
            raise UsageError(f"variants: {same!r} and {member.variant!r} are the same training")
    return found


def refuse_unused_by_variants(command: Command, members: Sequence[Member]) -> None:
    """Refuse a key of the command that no variant uses, and a key of a variant that it does not use itself.

    Raises:
        UsageError: there is one.
    """
    variants = {member.variant: member.config for member in members}
    refuse_unused_by_all(command.overrides, list(variants.values()))
    for variant, config in variants.items():
        refuse_unused_by_all([] if variant == AS_CONFIGURED else shlex.split(variant), [config])


def _member(command: Command, variant: str, seed: int) -> Member:
    """A training with the overrides of a variant, which win over those of the command."""
    try:
        words = shlex.split(variant)
    except ValueError as error:
        raise UsageError(f"variants: {variant!r} cannot be read: {error}") from error
    if strange := [word for word in words if "=" not in word]:
        raise UsageError(f"variants: {strange[0]!r} of {variant!r} is no key=value")
    if of_study := [word for word in words if root_of(word) in OF_THE_STUDY]:
        raise UsageError(f"variants: {of_study[0]!r} of {variant!r} is for the whole study; give it beside variants")
    alone = ["seeds=null", "variants=null", "run=null", f"seed={seed}"]
    kept = without_keys(command.overrides, keys_of([*words, *alone]))
    return Member(variant or AS_CONFIGURED, seed, parse.parse(command.compose([*kept, *words, *alone])))


def train_members(run: Run, members: Sequence[Member], train_member: TrainMember) -> None:
    """Train what has not been trained yet; what was interrupted goes on.

    Args:
        run: of the study.
        members: all its trainings.
        train_member: trains one.
    """
    rows: list[MemberRow] = run.rows(MEMBERS)
    folders = {(row["variant"], row["seed"]): row["run"] for row in rows}
    finished = {(row["variant"], row["seed"]) for row in rows if row["state"] == "finished"}
    for number, member in enumerate(members):
        key = (member.variant, member.seed)
        if key in finished:
            continue
        logger.info("study: %s, seed %d (%d of %d)", *key, number + 1, len(members))
        child = train_member(member, _run_begun(run, folders.get(key)), partial(_note, run, member, "begun"))
        _note(run, member, "finished", child)


def _run_begun(run: Run, folder: str | None) -> Run | None:
    """The run in which a member was begun, if it is still there."""
    if folder is None:
        return None
    path = (run.path / folder).resolve()
    return Run(path) if (path / "config.yaml").is_file() else None


def _note(run: Run, member: Member, state: Literal["begun", "finished"], child: Run) -> None:
    """Write down that a member has begun or ended, and to which study its run belongs."""
    folder = Path(os.path.relpath(child.path, run.path)).as_posix()
    child.save_json(PARENT, {"run": os.path.relpath(run.path, child.path)})
    run.append(MEMBERS, MemberRow(variant=member.variant, seed=member.seed, run=folder, state=state))
