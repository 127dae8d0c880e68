"""Evaluation: every held-out split is predicted once, and one is measured with an interval on every number."""

from sightline.config.schema import Config
from sightline.inference.cost import model_cost
from sightline.inference.loaded_run import HELD_OUT, LoadedRun, best_split, must_predict, predict_held_out
from sightline.inference.model import CALIBRATION, load_model, load_preprocessing
from sightline.inference.predictions import load_predictions, note_use, predictions_file, save_predictions
from sightline.machine.device import pick_device
from sightline.machine.terminal import logger
from sightline.reporting.contents import Contents
from sightline.reporting.sections.doubts import doubts
from sightline.reporting.terminal import show
from sightline.run.folder import Run, SplitName
from sightline.run.ledger import check_test_lock
from sightline.run.origin import SOURCES, WEIGHTS, check_current, obstacle, origin_of, save_derived
from sightline.run.stored import DamagedFileError
from sightline.tasks.results import AnyPredictions
from sightline.tasks.table import task_of_run
from sightline.tasks.task import Task

COST = "cost.json"


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `evaluation.json` and its figures; predict first where that was not done, or where views are asked for.

    What follows from predictions alone takes no model, so measuring again takes seconds.
    """
    task, split = task_of_run(run), best_split(run)
    if (views := config.evaluation.tta).startswith("flip") and not config.transforms.horizontal_flip:
        logger.warning("evaluation.tta=%s mirrors images, which training did not; shift only moves them", views)
    with_model = config.evaluation.tta != "none" or must_predict(run, split, task)
    if with_model:
        predict_held_out(run, config, HELD_OUT[:-1], task)
    if run.has(CALIBRATION):
        check_current(run, CALIBRATION)  # before any label of the test split is read
    if with_model:
        results = task.evaluate(config, run, split, *_predict(config, run, task, split))
    else:
        purpose = f"measure the {split} split"
        predictions = load_predictions(run, split, purpose, task.read_predictions)
        results = task.evaluate(config, run, split, predictions, None)
        note_use(run, split, purpose, predictions)
        _measure_cost(config, run, task)
    results.draw(run)
    names = (predictions_file(split), CALIBRATION)
    save_derived(run, "evaluation.json", results.content, origin_of(run, *SOURCES, *names))
    for title, table in results.tables():
        show(title, table)
    _tell_doubts(run)
    return results.values()


def _tell_doubts(run: Run) -> None:
    """Say what speaks against the result, as far as the files of the training are whole."""
    try:
        found = doubts(Contents(run))
    except DamagedFileError as error:
        logger.warning("%s; what it would say of the result is left out", error.fault)
        return
    for doubt in found:
        logger.warning("%s", doubt)


def _predict(config: Config, run: Run, task: Task, split: SplitName) -> tuple[AnyPredictions, AnyPredictions | None]:
    """Ask the model: `predictions/*.npz`, which come last, `cost.json`, figures of examples.

    Returns:
        The predictions of the split, and those with outputs averaged over test-time views, if any are asked for.
    """
    purpose = f"predict and measure the {split} split"
    if split == "test":
        check_test_lock(run, purpose)
    loaded = LoadedRun.open(run, config, task.heads, test_unlocked=split == "test")
    views, collector = config.evaluation.tta, task.collector()
    predictions = loaded.predict(split, collector)
    averaged = None if views == "none" else loaded.predict(split, collector, views)
    note_use(run, split, purpose, predictions, *([] if averaged is None else [averaged]))
    cost = model_cost(loaded.model, config, loaded.preprocessing, loaded.device)
    save_derived(run, COST, cost, origin_of(run, *SOURCES))
    task.draw_examples(config, run, loaded, split, predictions)
    save_predictions(run, split, predictions)
    return predictions, averaged


def _measure_cost(config: Config, run: Run, task: Task) -> None:
    """Write `cost.json` where the run has a model, but no cost of it that can be taken."""
    reason = obstacle(run, COST) if run.has(COST) else ""
    if reason:
        logger.warning("%s; it is made anew", reason)
    if run.has(WEIGHTS) and (reason or not run.has(COST)):
        device = pick_device(config.device)
        cost = model_cost(load_model(run, device, task.heads), config, load_preprocessing(run), device)
        save_derived(run, COST, cost, origin_of(run, *SOURCES))
