"""Calls the stages of a mode in order, mirrors the run to its tracker, and keeps the traceback of what goes wrong."""

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.config.schema import Config, Stage
from sightline.errors import RunFailedError, SightlineError, UsageError
from sightline.run import Run
from sightline.runtime import prepare_torch
from sightline.terminal import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from sightline.tracking import Tracker

    StageFunction = Callable[[Config, Run], dict[str, float]]

TRACKED = frozenset({"train", "evaluate", "calibrate", "explain", "report"})


def run_stages(config: Config, run: Run) -> None:
    """Run every stage of the mode; each reads from the run and writes to it.

    Raises:
        SightlineError: a stage failed or refused. A run that holds nothing yet is removed on a mistake of the command.
    """
    prepare_torch()
    tracker: Tracker | None = None
    try:
        for name in config.mode.stages:
            if tracker is None and name in TRACKED:
                tracker = _follow(config, run)
            with run.entering(name):
                _stage(name)(config, run)
            if tracker is not None:
                tracker.sync(run)
        if tracker is not None and "train" in config.mode.stages:
            _log_model(tracker, config, run)
    except BaseException as error:
        if tracker is not None:
            tracker.finish("FAILED" if isinstance(error, Exception) else "KILLED")
        if isinstance(error, UsageError):
            run.discard_if_unused()
        if isinstance(error, SightlineError) or not isinstance(error, Exception):
            raise
        run.append_text("log.txt", traceback.format_exc())
        raise RunFailedError(f"{type(error).__name__}: {error}\nthe traceback is in {run.path / 'log.txt'}") from error
    if tracker is not None:
        tracker.finish("FINISHED")


def _follow(config: Config, run: Run) -> "Tracker":
    """Open the tracker, and let it hear every row that the run logs."""
    from sightline.tracking import open_tracker

    tracker = open_tracker(config.tracking, run, Path(config.runs_dir), _flat(config))
    run.listeners.append(tracker.listen)
    return tracker


def _log_model(tracker: "Tracker", config: Config, run: Run) -> None:
    if not config.tracking.log_model:
        return
    from sightline.inference import example_images, load_classifier

    logger.info("tracking: logging the model")
    tracker.log_model(load_classifier(run), example_images(run))


def _flat(config: Config) -> dict[str, str | float | int | bool | None]:
    """The configuration as dotted parameters."""
    flat: dict[str, str | float | int | bool | None] = {}

    def walk(content: dict[str, object], prefix: str) -> None:
        for key, value in content.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
            else:
                flat[prefix + key] = value if isinstance(value, str | float | int | bool | None) else str(value)

    walk(config.model_dump(mode="json"), "")
    return flat


def _stage(name: Stage) -> "StageFunction":
    """The function of a stage, imported when its turn comes: a report needs no torch."""
    match name:
        case "validate":
            from sightline.stages.validate import run as stage
        case "train":
            from sightline.stages.train import run as stage
        case "evaluate":
            from sightline.stages.evaluate import run as stage
        case "calibrate":
            from sightline.stages.calibrate import run as stage
        case "explain":
            from sightline.stages.explain import run as stage
        case "report":
            from sightline.stages.report import run as stage
        case "predict":
            from sightline.stages.predict import run as stage
    return stage
