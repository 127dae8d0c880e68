"""Whether runs have a column of the same images, changed in the same way, with the same truth."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sightline.config.columns import LABEL, PREFIX, SCORES, Column
from sightline.data.splits.split import Split
from sightline.data.targets import MISSING, ClassTarget
from sightline.errors import UsageError
from sightline.inference.model import load_split
from sightline.run.folder import Run
from sightline.stages.columns.measured import Measured, command
from sightline.stages.columns.scores import VERSION, Scores

Truth = tuple[str, str | None]
"""Digest of the image, and its class or the digest of its mask."""


def of_target(column: Column, every: Sequence[Measured]) -> Column:
    """The column with its target, which may be left out where all runs have one and the same alone.

    Raises:
        UsageError: they have several, or not the one that is named.
    """
    if column.of_label:
        return replace(column, target=LABEL)
    shared = [name for name in SCORES if all(name in one.targets for one in every)]
    if column.target:
        if column.target not in shared:
            raise UsageError(
                f"compare.metric={column}: not all of these runs have scores of {column.target}; they share "
                f"{', '.join(shared) or 'none'}"
            )
        return column
    if len(shared) == 1 and all(len(one.targets) == 1 for one in every):
        return replace(column, target=shared[0])
    names = " or ".join(str(replace(column, target=name)) for name in shared)
    raise UsageError(f"compare.metric={column}: these runs have scores of several targets; name one: {names}")


def check_shared(column: Column, every: Sequence[Measured]) -> None:
    """Refuse a column that a run does not have.

    Raises:
        UsageError: a run does not; those that all have are listed.
    """
    name = str(replace(column, target="")).removeprefix(PREFIX)
    lacking = [one for one in every if name not in one.columns]
    if not lacking:
        return
    shared = [one for one in every[0].columns if all(one in other.columns for other in every)]
    has = next((one for one in every if name in one.columns), None)
    left_out = lacking[0].found.get("left_out")
    remedy = left_out if column.of_label and left_out else f"measure it: {command(lacking[0].run, has)}"
    raise UsageError(
        f"compare.metric={column}: {lacking[0].run.path} was not measured by {name}; these runs share "
        f"{', '.join(PREFIX + one for one in shared)}; {remedy}"
    )


def check_question(column: Column, one: Scores, first: Scores, like: Measured) -> None:
    """Refuse what was measured in another way than the first.

    Raises:
        UsageError: it was; the key that differs is named, and what measures the run alike.
    """
    different = [key for key in first.question if one.question.get(key) != first.question[key]]
    if not different:
        return
    key = different[0]
    if key == VERSION:
        raise UsageError(
            f"compare.metric={column}: {one.run.path} and {first.run.path} were measured by different versions of "
            f"this program; measure both anew: {command(one.run, like)} and {command(first.run, like)}"
        )
    theirs, ours = (written(each.question.get(key)) for each in (one, first))
    raise UsageError(
        f"compare.metric={column}: {one.run.path} was measured with {key}={theirs}, and {first.run.path} with "
        f"{key}={ours}; measure both alike: {command(one.run, like)}"
    )


def check_images(column: Column, one: Scores, first: Scores, own: Measured, like: Measured) -> None:
    """Refuse other images than those of the first.

    Raises:
        UsageError: they are others.
    """
    wanted, there = set(first.ids.tolist()), set(one.ids.tolist())
    if wanted == there:
        return
    in_split = [set(each.run.load_json("split.json")["items"][each.split]["ids"]) for each in (own, like)]
    remedy = "compare runs of the same data and split"
    if in_split[0] == in_split[1]:
        remedy = f"measure both alike: {command(one.run, like)}"
    raise UsageError(
        f"compare.metric={column}: {one.run.path} and {first.run.path} were measured on different images of the "
        f"{own.split} split: {len(wanted - there)} of {len(wanted)} are missing and {len(there - wanted)} are new, "
        f"such as {min(wanted ^ there)}; {remedy}"
    )


def check_truth(column: Column, runs: Sequence[Run], ids: NDArray[np.str_]) -> None:
    """Refuse runs that know other images, or another truth, under the same ids.

    Args:
        column: with its target.
        runs: the first is what the others are held against.
        ids: of the images that were measured.

    Raises:
        UsageError: one does.
    """
    names = ids.tolist()
    first = _truth(load_split(runs[0]), column.target)
    for run in runs[1:]:
        other = _truth(load_split(run), column.target)
        for place, what in enumerate(("with other content", f"under another {column.target}")):
            different = [name for name in names if other[name][place] != first[name][place]]
            if different:
                raise UsageError(
                    f"compare.metric={column}: {run.path} and {runs[0].path} know {len(different)} of the same images "
                    f"{what}, such as {different[0]}; compare runs of the same data"
                )


def written(value: object) -> str:
    """As a key of a command takes it."""
    if isinstance(value, list):
        return f"[{','.join(map(str, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _truth(split: Split, target: str) -> Mapping[str, Truth]:
    """Of every item, by id."""
    found = split.targets[target]
    values: list[str | None]
    if isinstance(found, ClassTarget):
        values = [None if value == MISSING else found.class_names[value] for value in found.values.tolist()]
    else:
        values = list(found.hashes)
    return dict(zip(split.ids, zip(split.hashes, values, strict=True), strict=True))
