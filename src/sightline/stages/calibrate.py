"""Calibration: a temperature from the calibration split alone, and what it does to the calibration errors."""

import numpy as np
from numpy.typing import NDArray

from sightline.calibration.temperature import calibrate
from sightline.config.schema import Config
from sightline.data.splits import Split
from sightline.metrics.predictions import Predictions
from sightline.reporting import figures
from sightline.reporting.tables import METRIC_HEADER, metric_rows
from sightline.run import Run
from sightline.terminal import show_table


def run(config: Config, run: Run) -> dict[str, float]:
    """Write `calibration.json` and the reliability diagram; test labels are not read (E5)."""
    predictions = run.load_predictions("calibration", "fit the temperature")
    result = calibrate(
        predictions,
        folds=config.calibration.folds,
        bins=config.calibration.bins,
        level=config.calibration.level,
        resamples=config.calibration.resamples,
        seed=config.seed,
        groups=_groups(run, predictions),
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
    show_table(f"calibration split, temperature {result['temperature']:.3f}", METRIC_HEADER, metric_rows(after))
    return {"temperature": result["temperature"], **{name: metric["value"] for name, metric in after.items()}}


def _groups(run: Run, predictions: Predictions) -> NDArray[np.str_] | None:
    """The group of each item (a patient, a video), from the split; None where there are none."""
    split = Split.from_json(run.load_json("split.json"))
    if split.groups is None:
        return None
    group_of = dict(zip(split.ids, split.groups, strict=True))
    return np.array([group_of[name] for name in predictions.ids.tolist()])
