"""Talks to MLflow; the only importer of mlflow."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sightline.machine.credentials import hidden, without_credential
from sightline.tracking.failures import failures, quiet, root
from sightline.tracking.points import Point
from sightline.tracking.presentable import presentable
from sightline.tracking.remedies import explained

if TYPE_CHECKING:
    import numpy as np
    from mlflow import MlflowClient
    from numpy.typing import NDArray
    from torch import nn

logger = logging.getLogger(__name__)

ENVIRONMENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
}
"""Quiet, private and quick to give up; a person's own settings win."""
MOST_METRICS, MOST_PARAMETERS, LONGEST_PARAMETER = 1000, 100, 6000
"""What one request to an MLflow server may hold."""


def prepare_environment() -> None:
    """Settings that must stand before mlflow is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


class Server:
    """An MLflow server or database, and the run begun there. As text it is its address without passwords and tokens.

    Args:
        uri: where it is.
        experiment: the experiment that new runs join.
    """

    def __init__(self, uri: str, experiment: str) -> None:
        self._uri = uri
        self._experiment = experiment
        self.run_id: str | None = None

    def __str__(self) -> str:
        return without_credential(self._uri)

    def attempt(self, action: Callable[[], None]) -> str | None:
        """Do something that needs the server; the reason it failed and the way on, on one line, or None."""
        try:
            with quiet():
                action()
        except failures() as error:
            cause = root(error)
            if reason := explained(cause, self._experiment):
                return reason
            text = hidden(" ".join(str(cause).split()).replace(self._uri, str(self)))
            return f"{type(cause).__name__}: {text}"[:200]
        return None

    def begin(self, known: str | None, name: str, folder: str, parent: str | None) -> bool:
        """Go on with a known run, or begin one under its parent; whether it is new. A deleted run is begun anew."""
        with _alone(self._uri):
            if known is not None and self._is_alive(known):
                self._client.update_run(known, status="RUNNING")
                self.run_id = known
                return False
            found = self._client.get_experiment_by_name(self._experiment)
            experiment = (
                found.experiment_id if found else self._client.create_experiment(self._experiment, self._artifacts)
            )
            tags = {"sightline.run.folder": folder} | ({"mlflow.parentRunId": parent} if parent else {})
            self.run_id = self._client.create_run(experiment, run_name=name, tags=tags).info.run_id
            return True

    def check(self) -> None:
        """Raise one of the known failures when the server does not answer."""
        self._client.get_run(self._begun)

    def send_points(self, points: Sequence[Point]) -> None:
        """Add values to curves; the same value sent twice counts once."""
        from mlflow.entities import Metric

        metrics = [Metric(*point) for point in points]
        for first in range(0, len(metrics), MOST_METRICS):
            self._client.log_batch(self._begun, metrics=metrics[first : first + MOST_METRICS])

    def send_parameters(self, parameters: Mapping[str, str]) -> None:
        """Log parameters; MLflow keeps the first value of each, so a later one becomes a tag of the same name."""
        from mlflow.entities import Param, RunTag

        there = self._client.get_run(self._begun).data.params
        short = {name: value[:LONGEST_PARAMETER] for name, value in parameters.items()}
        new = [Param(name, value) for name, value in short.items() if name not in there]
        changed = [RunTag(name, value) for name, value in short.items() if there.get(name, value) != value]
        for first in range(0, max(len(new), len(changed)), MOST_PARAMETERS):
            part = slice(first, first + MOST_PARAMETERS)
            self._client.log_batch(self._begun, params=new[part], tags=changed[part])

    def send_file(self, path: Path, name: str) -> None:
        """Store a file as an artefact under its name in the run folder, without passwords that older ones hold."""
        folder = Path(name).parent.as_posix()
        with presentable(path, name) as shown:
            self._client.log_artifact(self._begun, str(shown), None if folder == "." else folder)

    def send_model(
        self, model: "nn.Module", example: "NDArray[np.float32]", answers: Mapping[str, object] | None = None
    ) -> None:
        """Log a copy of the model as a `torch.export` program that takes any batch size, with its signature.

        With `answers` it takes image files, too; see `logged_model`.
        """
        import copy

        import mlflow.models
        import numpy as np
        import torch
        from mlflow.types import Schema, TensorSpec

        from sightline.tracking import logged_model

        model = copy.deepcopy(model).cpu().eval()
        with torch.no_grad():
            outputs = model(torch.from_numpy(example))
        named = outputs if isinstance(outputs, dict) else {None: outputs}
        specs = [TensorSpec(found.numpy().dtype, (-1, *found.shape[1:]), name) for name, found in named.items()]
        signature = mlflow.models.ModelSignature(
            inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, *example.shape[1:]))]),
            outputs=Schema([*specs]),
        )
        parts = {"model": model, "example": example, "signature": signature, "answers": answers}
        try:
            with _fluent(self._uri), mlflow.start_run(run_id=self._begun):
                mlflow.models.Model.log(None, logged_model, name="model", **parts)
        except (RuntimeError, TypeError, ValueError) as error:
            raise mlflow.MlflowException(f"torch.export does not take this model: {error}") from error

    def register(self, name: str) -> None:
        """Make the logged model the next version of a registered one."""
        from mlflow import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        outputs = self._client.get_run(self._begun).outputs
        assert outputs is not None, "send_model() comes first"
        model = outputs.model_outputs[-1].model_id
        with _fluent(self._uri):  # it looks the source up there
            made = self._client.create_model_version(name, f"models:/{model}", self._begun, model_id=model)
        logger.info("tracking: registered as %s, version %s", name, made.version)

    def close(self, status: str) -> None:
        """End the run."""
        self._client.set_terminated(self._begun, status)

    # ------------------------------------------------------------ pieces

    @cached_property
    def _client(self) -> "MlflowClient":
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self._uri)

    @property
    def _begun(self) -> str:
        assert self.run_id is not None, "begin() comes first"
        return self.run_id

    @property
    def _artifacts(self) -> str | None:
        """Where a new experiment's artefacts go: beside a SQLite file, else wherever the server says."""
        database = _database_file(self._uri)
        return (database.parent / "mlartifacts").as_uri() if database else None

    def _is_alive(self, run_id: str) -> bool:
        from mlflow import MlflowException

        try:
            return bool(self._client.get_run(run_id).info.lifecycle_stage == "active")
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise


def _database_file(uri: str) -> Path | None:
    """The file of a SQLite URI."""
    return Path(uri.removeprefix("sqlite:///")).resolve() if uri.startswith("sqlite:///") else None


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Hold a lock beside a SQLite file: two processes that create its tables at once break it for good."""
    database = _database_file(uri)
    if database is None:
        yield
        return
    import fcntl

    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f".{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _fluent(uri: str) -> Iterator[None]:
    """Point mlflow's global client at a server for a while; it writes the environment too, which is put back."""
    import mlflow

    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]  # None takes it back
