"""Calibration: what makes probabilities true, fitted on the calibration split alone, and what it is worth."""

from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.loaded_run import predict_held_out
from sightline.inference.predictions import has_predictions, load_predictions
from sightline.machine.terminal import logger
from sightline.reporting.terminal import show
from sightline.run.folder import Run
from sightline.tasks.table import task_of_run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `calibration.json` and its figures; test labels are not read (E5)."""
    task = task_of_run(run)
    predict_held_out(run, config, ("val", "calibration"), task)
    if not has_predictions(run, "calibration"):
        message = "there are no calibration images: data.calibration_fraction=0.1 keeps a tenth for it"
        if config.mode.stages == ("calibrate",):
            raise UsageError(message)
        logger.warning("%s; probabilities stay as they are", message)
        return {}
    predictions = load_predictions(run, "calibration", "fit the temperature", task.read_predictions)
    has_val = has_predictions(run, "val")
    val = load_predictions(run, "val", "measure sets", task.read_predictions) if has_val else None
    results = task.calibrate(config, run, predictions, val)
    run.save_json("calibration.json", results.content)
    results.draw(run)
    for title, table in results.tables():
        show(title, table)
    return results.values()
