"""Evaluation: every held-out split is predicted once, and one is measured with an interval on every number."""

from sightline.config.schema import Config
from sightline.inference.cost import model_cost
from sightline.inference.loaded_run import HELD_OUT, LoadedRun, best_split, predict_held_out
from sightline.inference.predictions import has_predictions, load_predictions, note_use, save_predictions
from sightline.reporting.terminal import show
from sightline.run.folder import Run, SplitName
from sightline.run.ledger import check_test_lock
from sightline.tasks.results import AnyPredictions
from sightline.tasks.table import task_of_run
from sightline.tasks.task import Task


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `evaluation.json` and its figures; predict first where that was not done, or where views are asked for.

    What follows from predictions alone takes no model, so measuring again takes seconds.
    """
    task, split = task_of_run(run), best_split(run)
    if has_predictions(run, split) and config.evaluation.tta == "none":
        purpose = f"measure the {split} split"
        predictions = load_predictions(run, split, purpose, task.read_predictions)
        results = task.evaluate(config, run, split, predictions, None)
        note_use(run, split, purpose, predictions)
    else:
        results = task.evaluate(config, run, split, *_predict(config, run, task, split))
    run.save_json("evaluation.json", results.content)
    results.draw(run)
    for title, table in results.tables():
        show(title, table)
    return results.values()


def _predict(config: Config, run: Run, task: Task, split: SplitName) -> tuple[AnyPredictions, AnyPredictions | None]:
    """Ask the model: `predictions/*.npz`, `cost.json`, figures of examples.

    Returns:
        The predictions of the split, and those with outputs averaged over test-time views, if any are asked for.
    """
    predict_held_out(run, config, HELD_OUT[:-1], task)
    purpose = f"predict and measure the {split} split"
    if split == "test":
        check_test_lock(run, purpose)
    loaded = LoadedRun.open(run, config, task.heads, test_unlocked=split == "test")
    views, collector = config.evaluation.tta, task.collector()
    predictions = loaded.predict(split, collector)
    averaged = None if views == "none" else loaded.predict(split, collector, views)
    note_use(run, split, purpose, predictions, *([] if averaged is None else [averaged]))
    save_predictions(run, split, predictions)
    run.save_json("cost.json", model_cost(loaded.model, config, loaded.preprocessing, loaded.device))
    task.draw_examples(config, run, loaded, split, predictions)
    return predictions, averaged
