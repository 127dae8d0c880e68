"""Uncertainty: other methods to answer, and what each buys over one plain answer on the same items."""

from collections.abc import Sequence
from pathlib import Path

from sightline.config.schema import Config
from sightline.data.transforms.test_time import view_count
from sightline.errors import UsageError
from sightline.inference.loaded_run import LoadedRun, best_split, predict_held_out
from sightline.inference.model import load_preprocessing
from sightline.inference.predict import mc_dropout
from sightline.inference.predictions import has_predictions, load_predictions
from sightline.inference.systems import ExternalPredictions, TrainedRuns, find_systems
from sightline.machine.terminal import logger
from sightline.reporting.terminal import show
from sightline.run.folder import Run, SplitName
from sightline.tasks.results import Averaged, MethodPredictions
from sightline.tasks.table import task_of_run
from sightline.tasks.task import Task

SAME = 1e-9
"""The most disagreement that rounding can bring about."""


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `uncertainty.json`, and the predictions of each method under `uncertainty/<method>/`.

    Each method has a temperature of its own, from the same half of the calibration split.
    """
    if not run.has("split.json"):
        raise UsageError("uncertainty asks the model itself, so it takes run= and not predictions=")
    task, split = task_of_run(run), best_split(run)
    methods = _methods(config, run, task, split)
    for name, method in methods.items():
        if name != "plain":
            for role, said in method.items():
                run.save_arrays(f"uncertainty/{name}/{role}.npz", **said.predictions.to_arrays())
    results = task.compare_methods(config, run, split, methods)
    run.save_json("uncertainty.json", results.content)
    results.draw(run)
    for title, table in results.tables():
        show(title, table)
    return results.values()


def _methods(config: Config, run: Run, task: Task, split: SplitName) -> dict[str, MethodPredictions]:
    """What each method says, the plain one first."""
    predict_held_out(run, config, ("val", "calibration"), task)
    roles: list[SplitName] = [role for role in ("calibration", split) if has_predictions(run, role)]
    if split not in roles:
        raise UsageError(f"{run.path} has no predictions of its {split} split: mode `evaluate` writes them")
    others = _others(config, run)
    plain = {
        role: Averaged(load_predictions(run, role, "measure other ways to answer", task.read_predictions))
        for role in dict.fromkeys(roles)
    }
    methods: dict[str, MethodPredictions] = {"plain": plain, "views": _views(config, run, task, plain)}
    if dropout := _dropout(config, run, task, plain):
        methods["dropout"] = dropout
    else:
        logger.info("uncertainty: the model has no dropout; model.drop_rate=0.2 trains one with it")
    if others:
        methods["ensemble"] = _ensemble(run, others, task, plain)
    return methods


def _views(config: Config, run: Run, task: Task, plain: MethodPredictions) -> MethodPredictions:
    """Outputs averaged over shifted and mirrored images."""
    loaded = LoadedRun.open(run, config, task.heads, test_unlocked="test" in plain)
    views = config.uncertainty.views
    return {role: Averaged(loaded.predict(role, task.collector(), views), view_count(views)) for role in plain}


def _dropout(config: Config, run: Run, task: Task, plain: MethodPredictions) -> MethodPredictions:
    """Answers averaged over passes with dropout left on; nothing where all passes say the same."""
    loaded = LoadedRun.open(run, config, task.heads, test_unlocked="test" in plain)
    settings, found = config.uncertainty, dict[SplitName, Averaged]()
    for role in plain:
        mean = task.member_mean()
        for predictions in mc_dropout(
            loaded.model, loaded.loader(role), task.collector(), settings.passes, config.seed
        ):
            mean.add(predictions)
            if mean.members == 2 and mean.disagreement.max() < SAME:
                return {}
        found[role] = Averaged(mean.predictions, mean.members, mean.disagreement)
    return found


def _others(config: Config, run: Run) -> list[Run]:
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


def _ensemble(run: Run, others: Sequence[Run], task: Task, plain: MethodPredictions) -> MethodPredictions:
    """Answers averaged over this run and the others, from their predictions alone."""
    found: dict[SplitName, Averaged] = {}
    for role, own in plain.items():
        mean = task.member_mean()
        mean.add(own.predictions, str(run.path))
        for other in others:
            with other.entering("uncertainty"):
                theirs = load_predictions(other, role, "join an ensemble", task.read_predictions)
            mean.add(theirs, str(other.path))
        found[role] = Averaged(mean.predictions, mean.members, mean.disagreement)
    return found
