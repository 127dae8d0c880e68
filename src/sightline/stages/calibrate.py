"""Calibration: temperature, conformal sets and thresholds from the calibration split alone, and what they are worth."""

from sightline.calibration.calibrate import Promises, calibrate
from sightline.config.schema import Config
from sightline.errors import UsageError
from sightline.inference.model import groups_of
from sightline.inference.predict import predict_held_out
from sightline.inference.predictions import has_predictions, load_predictions
from sightline.machine.terminal import logger
from sightline.metrics.intervals.resampling import Resampling, group_codes
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.reporting.sections.results import metric_table
from sightline.reporting.terminal import show
from sightline.run.folder import Run


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `calibration.json` and the reliability diagram; test labels are not read (E5)."""
    predict_held_out(run, config, ("val", "calibration"))
    if not has_predictions(run, "calibration"):
        message = "there are no calibration images: data.calibration_fraction=0.1 keeps a tenth for it"
        if config.mode.stages == ("calibrate",):
            raise UsageError(message)
        logger.warning("%s; probabilities stay as they are", message)
        return {}
    predictions = load_predictions(run, "calibration", "fit the temperature", Predictions.from_arrays)
    val = load_predictions(run, "val", "measure sets", Predictions.from_arrays) if has_predictions(run, "val") else None
    settings, groups = config.calibration, group_codes(groups_of(run, predictions), len(predictions))
    result = calibrate(
        predictions,
        promises=Promises(settings.alphas, settings.target_risks, settings.risk_error),
        resampling=Resampling(settings.level, settings.resamples, config.seed, groups),
        bins=settings.bins,
        held_out=val,
    )
    run.save_json("calibration.json", result)
    before, after, null = result["before"], result["after"], result["null"]
    picture = figures.reliability(
        result["reliability"]["before"],
        result["reliability"]["after"],
        ece_before=before["ece"]["value"],
        ece_after=after["ece"]["value"],
        null_before=null["before"]["ece"],
        null_after=null["after"]["ece"],
    )
    run.save_bytes("figures/reliability.png", picture)
    show(f"calibration split, temperature {result['temperature']:.3f}", metric_table(after))
    values = {name: metric["value"] for name, metric in after.items() if metric["value"] is not None}
    return {"temperature": result["temperature"], **values}
