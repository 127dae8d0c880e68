"""The tracker of a run while the stages of a command go by: opened when it is needed, and told how they end."""

from pathlib import Path

from sightline.config.flatten import flatten
from sightline.config.mode import StageName
from sightline.config.schema import Config
from sightline.config.stages import STAGES
from sightline.errors import PrunedError
from sightline.machine.terminal import logger
from sightline.run.folder import Run
from sightline.run.origin import obstacle
from sightline.tracking import Parameters, Tracker, open_tracker


class Mirroring:
    """Mirrors a run from the first of its stages that is tracked.

    Args:
        config: of the command, later with what was settled before training.
        run: the run.
    """

    def __init__(self, config: Config, run: Run) -> None:
        self.config = config
        self._run = run
        self._tracker = Tracker()  # does nothing
        self._is_open = False

    def before(self, stage: StageName) -> None:
        """Open the tracker if the stage is the first that is tracked."""
        if STAGES[stage].tracked and not self._is_open:
            self._tracker = open_run_tracker(self.config, self._run)
            self._is_open = True

    def sync(self) -> None:
        """Send what the run has that was not sent yet."""
        self._tracker.sync(self._run)

    def log_model(self) -> None:
        """Log the model, where the command ends with it at the server: it trained or measured it, or registers it."""
        tracking = self.config.tracking
        has_model = any(STAGES[name].logs_model for name in self.config.mode.stages)
        wanted = has_model or tracking.registered_model_name is not None
        if self._is_open and tracking.name != "none" and tracking.log_model and wanted:
            from sightline.inference.model import CALIBRATION, example_images, load_normalised, load_preprocessing
            from sightline.tasks.logged import describe
            from sightline.tasks.table import task_of_run

            task = task_of_run(self._run)
            if self._run.has(CALIBRATION) and (reason := obstacle(self._run, CALIBRATION)):
                logger.warning("%s; the model is not logged until mode `calibrate` has made it anew", reason)
                return
            model = task.calibrated(load_normalised(self._run, task.heads), self._run).eval()
            predict = self.config.predict
            answers = describe(task.prediction_rows(self.config, self._run), load_preprocessing(self._run), predict)
            self._tracker.log_model(model, example_images(self._run), answers)

    def fail(self, error: BaseException) -> None:
        """Close the tracker after an error, or after somebody stopped the run."""
        was_stopped = isinstance(error, PrunedError) or not isinstance(error, Exception)
        self._tracker.abandon("KILLED" if was_stopped else "FAILED")

    def finish(self) -> None:
        """Close the tracker after the last stage, and register the model where that is asked for."""
        self._tracker.finish("FINISHED")
        name = self.config.tracking.registered_model_name
        if name is not None:
            self._tracker.register(name)


def open_run_tracker(config: Config, run: Run) -> Tracker:
    """Open the tracker of a run, and let it hear every row that the run logs."""
    tracker = open_tracker(config.tracking, run, Path(config.runs_dir), _parameters(config))
    run.listeners.insert(0, tracker.listen)  # before one that may end the training
    return tracker


def _parameters(config: Config) -> Parameters:
    """The configuration by dotted key, a list as its text."""
    values = flatten(config.model_dump(mode="json"))
    return {
        key: value if isinstance(value, str | float | int | bool | None) else str(value)
        for key, value in values.items()
    }
