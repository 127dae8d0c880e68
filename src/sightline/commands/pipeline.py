"""Calls the stages of a mode in order, mirrors the run to its tracker, and keeps the traceback of what goes wrong."""

import errno
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.config.schema import Config, Stage
from sightline.errors import PrunedError, RunFailedError, SightlineError, UsageError
from sightline.machine.device import has_cuda
from sightline.machine.distributed import from_first, together, world
from sightline.machine.environment import prepare_torch
from sightline.machine.memory import is_out_of_memory, release
from sightline.run.folder import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from sightline.tracking import Tracker

    StageFunction = Callable[[Config, Run], dict[str, float]]

MODEL = frozenset({"train", "evaluate"})
"""The stages after which the model itself is logged, if it was not yet."""
TRACKED = frozenset({"train", "evaluate", "calibrate", "uncertainty", "explain", "report"})


def run_stages(config: Config, run: Run) -> dict[Stage, dict[str, float]]:
    """Run every stage of the mode; each reads from the run and writes to it.

    Returns:
        The numbers of each stage.

    Raises:
        SightlineError: a stage failed or refused. A run that holds nothing yet is removed on a mistake of the command.
    """
    prepare_torch()
    tracker: Tracker | None = None
    found: dict[Stage, dict[str, float]] = {}
    try:
        for name in config.mode.stages:
            if tracker is None and name in TRACKED:
                tracker = tracked(config, run)
            with run.entering(name):
                found[name] = _train(config, run) if name == "train" else _stage(name)(config, run)
            release()
            if tracker is not None:
                tracker.sync(run)
        if tracker is not None and _logs_model(config):
            _log_model(tracker, run)
    except BaseException as error:
        if tracker is not None:
            ended = isinstance(error, PrunedError) or not isinstance(error, Exception)
            tracker.finish("KILLED" if ended else "FAILED")
        if isinstance(error, UsageError):
            run.discard_if_unused()
        if isinstance(error, SightlineError) or not isinstance(error, Exception):
            raise
        raise _failure(error, run) from error
    if tracker is not None:
        tracker.finish("FINISHED")
        if config.tracking.registered_model_name is not None:
            tracker.register(config.tracking.registered_model_name)
    return found


def follow(config: Config) -> None:
    """What the processes do that do not write: train along, and leave the other stages to the one that does."""
    if "train" in config.mode.stages:
        prepare_torch()
        try:
            _train(config, None)
        except Exception as error:
            if isinstance(error, SightlineError):
                raise
            raise RunFailedError(f"process {world().rank}: {type(error).__name__}: {error}") from error


def _train(config: Config, run: Run | None) -> dict[str, float]:
    """Train with all processes, in the run that the first of them opened."""
    with together(cuda=config.device in {"auto", "cuda"} and has_cuda()):
        path = from_first(str(run.path) if run else "")
        return _stage("train")(config, run or Run(Path(path), writes=False))


def _failure(error: Exception, run: Run) -> RunFailedError:
    """What a person is told of an error that nobody expected; its traceback goes into the log while it can."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        again = f"run={run.path.parent.name}/{run.path.name}"
        return RunFailedError(f"{run.path} cannot grow: {error.strerror}; free some space, then go on with {again}")
    run.append_text("log.txt", traceback.format_exc())
    if is_out_of_memory(error):
        remedy = "lower training.batch_size or evaluation.batch_size, or take data.store=disk or a smaller image_size"
        return RunFailedError(
            f"out of memory: {str(error).splitlines()[0] if str(error) else 'no more to be had'}; {remedy}"
        )
    return RunFailedError(f"{type(error).__name__}: {error}\nthe traceback is in {run.path / 'log.txt'}")


def tracked(config: Config, run: Run) -> "Tracker":
    """Open the tracker of a run, and let it hear every row that the run logs."""
    from sightline.tracking import open_tracker

    tracker = open_tracker(config.tracking, run, Path(config.runs_dir), _flat(config))
    run.listeners.insert(0, tracker.listen)  # before one that may end the training
    return tracker


def _logs_model(config: Config) -> bool:
    """Whether the command ends with the model at the server: after stages that have one, or where it is registered."""
    after = not MODEL.isdisjoint(config.mode.stages) or config.tracking.registered_model_name is not None
    return config.tracking.name != "none" and config.tracking.log_model and after


def _log_model(tracker: "Tracker", run: Run) -> None:
    from sightline.inference.model import example_images, load_classifier

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
        case "uncertainty":
            from sightline.stages.uncertainty import run as stage
        case "compare":
            from sightline.stages.compare import run as stage
        case "sweep":
            from sightline.stages.sweep import run as stage
    return stage
