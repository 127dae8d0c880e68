"""Systems compared by a column of mode `robustness`: on the same images, changed in the same way, paired."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.config.columns import Column
from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.systems import ExternalPredictions, System, TrainedRuns
from sightline.metrics.comparison.systems import shared_groups
from sightline.metrics.documents.comparison import Comparison
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.metrics.robustness.columns import compare_columns
from sightline.run.ledger import LabelUse
from sightline.stages.columns.checks import check_images, check_question, check_shared, check_truth, of_target, written
from sightline.stages.columns.measured import Measured
from sightline.stages.columns.scores import VERSION, Scores, scores_of
from sightline.tasks.table import task_of_systems


@dataclass(frozen=True)
class Outcome:
    """A comparison, and what it rests on.

    Attributes:
        found: the content of `comparison.json`, as far as measuring knows it.
        split: whose items were measured.
        uses: for the ledgers, of each run.
        files: that were read.
    """

    found: Comparison
    split: str
    uses: Sequence[LabelUse]
    files: Sequence[Path]


@dataclass(frozen=True)
class _Scored:
    """One system: the scores of its members, and the group of each image of the first."""

    name: str
    members: tuple[Scores, ...]
    groups: NDArray[np.str_] | None


def compare_by(column: Column, config: Config, systems: Sequence[System]) -> Outcome:
    """Compare systems by what mode `robustness` measured of each of their runs.

    Args:
        column: which.
        config: of the command.
        systems: as they were found.

    Raises:
        UsageError: one is no run, was not measured by this column, or not as the first was.
    """
    trained = _trained(systems, column)
    every = [[Measured.of(run) for run in system.runs] for system in trained]
    flat = [one for members in every for one in members]
    column = of_target(column, flat)
    check_shared(column, flat)
    read = [[scores_of(one, column) for one in members] for members in every]
    first = read[0][0]
    for one, scores in zip(flat, (scores for members in read for scores in members), strict=True):
        check_question(column, scores, first, flat[0])
        check_images(column, scores, first, one, flat[0])
    check_truth(column, [one.run for one in flat], first.ids)
    scored = _aligned(trained, read)
    groups = group_codes(scored[0].groups, len(scored[0].members[0].ids))
    metric = column.metric(first.scores.shape[1])
    resampling = Resampling(config.compare.level, config.compare.resamples, config.seed, groups)
    found = compare_columns(scored, metric=metric, resampling=resampling)
    found["notes"] = [_about(column, first), *found["notes"], *_remarks(flat)]
    purpose = f"compare {column} with other runs"
    flat_scores = [scores for members in read for scores in members]
    uses = [LabelUse(one.run, purpose, one.looks) for one in flat_scores] if flat[0].split == "test" else []
    return Outcome(found, flat[0].split, uses, [one.run.path / file for one in flat_scores for file in one.files])


def _trained(systems: Sequence[System], column: Column) -> list[TrainedRuns]:
    """The systems, all of which are runs for one task.

    Raises:
        UsageError: one is a folder of predictions, or for another task than the first.
    """
    found = []
    for system in systems:
        if isinstance(system, ExternalPredictions):
            raise UsageError(
                f"compare.metric={column}: {system.name} is a folder of predictions, and mode robustness asks the "
                "model itself; leave it out, or compare by a metric of predictions, such as compare.metric=accuracy"
            )
        assert isinstance(system, TrainedRuns), "there is no third kind"
        found.append(system)
    task_of_systems(found)
    return found


def _aligned(systems: Sequence[TrainedRuns], read: Sequence[Sequence[Scores]]) -> list[_Scored]:
    """The images of all members in the order of the very first, without those that have no truth, and their groups."""
    scored = [
        _Scored(system.name, tuple(members), system.groups(members[0].ids))
        for system, members in zip(systems, read, strict=True)
    ]
    groups = shared_groups(scored)
    wanted = read[0][0].ids.tolist()
    members = []
    for own in read:
        places = [{name: row for row, name in enumerate(one.ids.tolist())} for one in own]
        members.append(
            [one.at(np.array([place[name] for name in wanted])) for one, place in zip(own, places, strict=True)]
        )
    there = np.all([np.isfinite(one.scores).all(axis=1) for own in members for one in own], axis=0)
    rows = np.flatnonzero(there)
    return [
        _Scored(system.name, tuple(one.at(rows) for one in own), None if groups is None else groups[rows])
        for system, own in zip(systems, members, strict=True)
    ]


def _about(column: Column, first: Scores) -> str:
    """How all were measured."""
    keys = [f"{key}={written(value)}" for key, value in first.question.items() if key != VERSION]
    broken = " An image that is wrong as it is counts as broken." if column.of_attacks else ""
    return f"From the files of mode robustness, measured with {', '.join(keys)}.{broken}"


def _remarks(every: Sequence[Measured]) -> list[str]:
    """What a reader must know of how the runs were measured."""
    found = []
    if every[0].split == "val":
        found.append(
            "The epoch that each run keeps was chosen on the val split, which flatters all of them by a little."
        )
    sides = sorted({one.corruptions["side"] for one in every})
    if len(sides) > 1:
        found.append(f"Images were corrupted at the size that each model sees: {' and '.join(map(str, sides))} pixels.")
    doubted = [one.run.path.name for one in every if not one.found.get("trusted", True)]
    if doubted:
        found.append(f"Checks of the attacks on {', '.join(doubted)} failed: other numbers of it are in doubt as well.")
    return found
