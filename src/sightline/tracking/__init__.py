"""Mirrors a run elsewhere, to MLflow: parameters, curves, files, the model.

The run folder is the truth and the mirror a copy of it, so a server that is slow, dead or full costs a warning and
never the run. Importing this costs nothing: mlflow is imported when a tracker that needs it is opened.
"""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sightline.machine.paths import path_of
from sightline.tracking.mirror import Mirror
from sightline.tracking.server import Server, prepare_environment
from sightline.tracking.tracker import PARENT, Parameters, Status, Tracker

if TYPE_CHECKING:
    from sightline.config.later_stages import TrackingConfig
    from sightline.run.folder import Run

logger = logging.getLogger(__name__)

UNNAMED = "sightline"
"""The experiment of a run for which none is named."""
_FILE = "sqlite:///"

__all__ = ["PARENT", "Parameters", "Status", "Tracker", "open_tracker"]


def open_tracker(config: "TrackingConfig", run: "Run", runs_dir: Path, parameters: Parameters) -> Tracker:
    """Start mirroring a run, or go on with the MLflow run that mirrors it already.

    `MLFLOW_TRACKING_URI` and `MLFLOW_EXPERIMENT_NAME` win over the configuration; without any of them the mirror is the
    database `mlflow.db` in `runs_dir`, with its artefacts in `mlartifacts` beside it.

    Args:
        config: `name` none gives a tracker that does nothing.
        run: the run.
        runs_dir: the folder of all runs.
        parameters: logged once, by dotted name.
    """
    if config.name == "none":
        return Tracker()
    prepare_environment()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or config.uri or f"sqlite:///{runs_dir.resolve() / 'mlflow.db'}"
    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or config.experiment.strip()
    if not experiment:
        logger.warning("tracking.experiment is empty: the run joins %r; give it a name", UNNAMED)
    return Mirror(Server(_at_home(uri), experiment or UNNAMED), run, parameters)


def _at_home(uri: str) -> str:
    """The address, with the home of `sqlite:///~/FILE` in its place."""
    return f"{_FILE}{path_of(uri.removeprefix(_FILE))}" if uri.startswith(f"{_FILE}~") else uri
