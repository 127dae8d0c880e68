"""Other methods to answer than one plain pass: views of an image, dropout left on, several models."""

from collections.abc import Sequence
from pathlib import Path

from sightline.config.base import AUTO
from sightline.config.schema import Config
from sightline.data.transforms.test_time import Views, view_count
from sightline.errors import UsageError
from sightline.inference.find_systems import find_systems
from sightline.inference.loaded_run import LoadedRun
from sightline.inference.model import load_preprocessing
from sightline.inference.predict import mc_dropout
from sightline.inference.predictions import load_predictions
from sightline.inference.systems import ExternalPredictions, TrainedRuns
from sightline.run.folder import Run, SplitName
from sightline.tasks.results import Averaged, MethodPredictions
from sightline.tasks.task import Task

ROUNDING = 1e-9
"""The most disagreement that rounding can bring about."""


def views_for(config: Config) -> Views:
    """The views that are averaged: mirror images only where training showed some, unless they are asked for."""
    if config.uncertainty.views != AUTO:
        return config.uncertainty.views
    return "flip_shift" if config.transforms.horizontal_flip else "shift"


def with_views(config: Config, run: Run, task: Task, splits: Sequence[SplitName]) -> MethodPredictions:
    """Outputs averaged over shifted and mirrored images."""
    loaded, views = _loaded(config, run, task, splits), views_for(config)
    return {split: Averaged(loaded.predict(split, task.collector(), views), view_count(views)) for split in splits}


def with_dropout(config: Config, run: Run, task: Task, splits: Sequence[SplitName]) -> MethodPredictions:
    """Answers averaged over passes with dropout left on; nothing where all passes say the same."""
    loaded, passes = _loaded(config, run, task, splits), config.uncertainty.passes
    found: dict[SplitName, Averaged] = {}
    for split in splits:
        mean = task.member_mean()
        for predictions in mc_dropout(loaded.model, loaded.loader(split), task.collector(), passes, config.seed):
            mean.add(predictions)
            if mean.members == 2 and mean.disagreement.max() < ROUNDING:
                return {}
        found[split] = Averaged(mean.predictions, mean.members, mean.disagreement)
    return found


def as_ensemble(run: Run, others: Sequence[Run], task: Task, plain: MethodPredictions) -> MethodPredictions:
    """Answers averaged over this run, whose plain ones are given, and others, from their predictions alone."""
    found: dict[SplitName, Averaged] = {}
    for split, own in plain.items():
        mean = task.member_mean()
        mean.add(own.predictions, str(run.path))
        for other in others:
            with other.entering("uncertainty"):
                theirs = load_predictions(other, split, "join an ensemble", task.read_predictions)
            mean.add(theirs, str(other.path))
        found[split] = Averaged(mean.predictions, mean.members, mean.disagreement)
    return found


def ensemble_members(config: Config, run: Run) -> list[Run]:
    """The runs that join this one in an ensemble.

    Raises:
        UsageError: one is not there, is this run, or knows other classes.
    """
    systems = find_systems(config.uncertainty.ensemble, Path(config.runs_dir))
    if external := [system.name for system in systems if isinstance(system, ExternalPredictions)]:
        raise UsageError(f"uncertainty.ensemble={external[0]} is no run: its answers elsewhere are not known")
    members = [member for system in systems if isinstance(system, TrainedRuns) for member in system.runs]
    others = {member.path: member for member in members if member.path != run.path}
    if systems and not others:
        raise UsageError("uncertainty.ensemble names no run but this one; it takes other runs of the same data")
    names = load_preprocessing(run).class_names
    if strangers := [path for path, other in others.items() if load_preprocessing(other).class_names != names]:
        raise UsageError(f"{strangers[0]} knows other classes than {run.path}; an ensemble needs the same")
    return list(others.values())


def _loaded(config: Config, run: Run, task: Task, splits: Sequence[SplitName]) -> LoadedRun:
    return LoadedRun.open(run, config, task.heads, test_unlocked="test" in splits)
