"""Uncertainty: other methods to answer, and what each buys over one plain answer on the same items."""

import os
from collections.abc import Sequence

from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.loaded_run import best_split, predict_held_out
from sightline.inference.predictions import has_predictions, load_predictions, predictions_file
from sightline.machine.terminal import logger
from sightline.reporting.terminal import show
from sightline.run.folder import Run, SplitName
from sightline.run.ledger import LabelUse, note_test_uses
from sightline.run.origin import MADE_FROM, SOURCES, as_array, origin_of, save_derived
from sightline.tasks.methods import as_ensemble, ensemble_members, with_dropout, with_views
from sightline.tasks.results import Averaged, MethodPredictions
from sightline.tasks.table import task_of_run
from sightline.tasks.task import Task

PURPOSE = "measure other ways to answer"


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `uncertainty.json`, and the predictions of each method under `uncertainty/<method>/`.

    Each method has a temperature of its own, from the same half of the calibration split.
    """
    if not run.has("split.json"):
        raise UsageError("uncertainty asks the model itself, so it takes run= and not predictions=")
    task, split = task_of_run(run), best_split(run)
    others = ensemble_members(config, run)
    methods = _methods(config, run, task, split, others)
    results = task.compare_methods(config, run, split, methods)
    if split == "test":
        answers = [method[split].predictions.to_arrays() for method in methods.values()]
        joined = [
            LabelUse(other, "join an ensemble", [other.load_arrays(predictions_file("test"))]) for other in others
        ]
        note_test_uses([LabelUse(run, PURPOSE, answers), *joined], "uncertainty", run)
    members = [other.path / predictions_file(role) for other in others for role in methods["plain"]]
    names = [predictions_file(role) for role in methods["plain"]]
    origin = origin_of(run, *SOURCES, *names, *(os.path.relpath(path, run.path) for path in members))
    for name, method in methods.items():
        if name != "plain":
            for role, averaged in method.items():
                arrays = {**averaged.predictions.to_arrays(), MADE_FROM: as_array(origin)}
                run.save_arrays(f"uncertainty/{name}/{role}.npz", **arrays)
    results.draw(run)
    save_derived(run, "uncertainty.json", results.content, origin)
    for title, table in results.tables():
        show(title, table)
    return results.values()


def _methods(
    config: Config, run: Run, task: Task, split: SplitName, others: Sequence[Run]
) -> dict[str, MethodPredictions]:
    """What each method says, the plain one first."""
    predict_held_out(run, config, ("val", "calibration"), task)
    splits = tuple(dict.fromkeys(role for role in ("calibration", split) if has_predictions(run, role)))
    if split not in splits:
        raise UsageError(f"{run.path} has no predictions of its {split} split: mode `evaluate` writes them")
    plain = {role: Averaged(load_predictions(run, role, PURPOSE, task.read_predictions)) for role in splits}
    methods: dict[str, MethodPredictions] = {"plain": plain, "views": with_views(config, run, task, splits)}
    if dropout := with_dropout(config, run, task, splits):
        methods["dropout"] = dropout
    else:
        logger.info("uncertainty: the model has no dropout; model.drop_rate=0.2 trains one with it")
    if others:
        methods["ensemble"] = as_ensemble(run, others, task, plain)
    return methods
