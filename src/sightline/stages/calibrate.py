"""Calibration: what makes probabilities true, fitted on the calibration split alone, and what it is worth."""

from sightline.config.schema import Config
from sightline.errors import TooFewError
from sightline.inference.loaded_run import predict_held_out
from sightline.inference.model import CALIBRATION
from sightline.inference.predictions import has_predictions, load_predictions, predictions_file
from sightline.inference.reference import keep_reference
from sightline.machine.terminal import logger
from sightline.reporting.terminal import show
from sightline.run.folder import Run
from sightline.run.origin import SOURCES, SPLIT, origin_of, save_derived
from sightline.tasks.table import task_of_run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `calibration.json` with its figures, and the reference of drift; test labels are not read (E5)."""
    task = task_of_run(run)
    keep_reference(run, config, predict_held_out(run, config, ("val", "calibration"), task))
    if not has_predictions(run, "calibration"):
        missing = "there are no calibration images: data.calibration_fraction=0.1 in a new training keeps a tenth"
        return _without(config, TooFewError(missing))
    predictions = load_predictions(run, "calibration", "fit the temperature", task.read_predictions)
    has_val = has_predictions(run, "val")
    val = load_predictions(run, "val", "measure sets", task.read_predictions) if has_val else None
    try:
        results = task.calibrate(config, run, predictions, val)
    except TooFewError as error:
        return _without(config, error)
    results.draw(run)
    origin = origin_of(run, *SOURCES, predictions_file("val"), predictions_file("calibration"))
    # Who was in which split is in the digests of the predictions: a temperature needs no split to be of these weights.
    save_derived(run, CALIBRATION, results.content, {name: origin[name] for name in origin if name != SPLIT})
    for title, table in results.tables():
        show(title, table)
    return results.values()


def _without(config: Config, reason: TooFewError) -> dict[str, float]:
    """Go on uncalibrated after a training, which is no worse for it; refuse where calibration was all that was asked.

    Raises:
        TooFewError: the command was to calibrate and nothing else.
    """
    if config.mode.stages == ("calibrate",):
        raise reason
    logger.warning("%s; probabilities stay as they are", reason)
    return {}
