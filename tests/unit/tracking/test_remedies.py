"""A server that refuses is told with what to do; the texts are those of MLflow 3.17."""

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from sightline.config.later_stages import TrackingConfig
from sightline.run.folder import Run
from sightline.tracking import open_tracker
from sightline.tracking.failures import quiet
from sightline.tracking.remedies import explained
from sightline.tracking.server import Server, prepare_environment


class RefusedError(Exception):
    """As MLflow raises one."""

    def __init__(self, text: str, error_code: str = "") -> None:
        super().__init__(text)
        self.error_code = error_code


FAILED = "API request to endpoint /api/2.0/mlflow/x failed with error code {} != 200. Response body: '…'"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            RefusedError("The experiment 7 must be in the 'active' state."),
            "--experiment-id 7",
        ),
        (RefusedError(FAILED.format(401)), "MLFLOW_TRACKING_TOKEN"),
        (RefusedError("PERMISSION_DENIED: Permission denied", "PERMISSION_DENIED"), "tracking.experiment=NAME"),
        (RefusedError(FAILED.format(404)), "no MLflow server answers"),
        (RefusedError("the response body was not in a valid JSON format. Response body: '<html>'"), "no MLflow server"),
        (RefusedError("The filesystem tracking backend (e.g., './mlruns') is in"), "tracking.uri=sqlite:///FILE"),
        (RefusedError("got unsupported URI 'ftp://x'"), "tracking.uri=http://HOST:PORT"),
    ],
)
def test_what_to_do_is_said_in_one_line(error: RefusedError, says: str):
    reason = explained(error, "flowers")
    assert reason is not None
    assert says in reason
    assert "\n" not in reason
    assert len(reason) < 200


def test_other_failures_speak_for_themselves():
    assert explained(RefusedError("Run 'x' not found", "RESOURCE_DOES_NOT_EXIST"), "flowers") is None
    assert explained(ConnectionRefusedError(111, "Connection refused"), "flowers") is None


class Closed(BaseHTTPRequestHandler):
    """A server that knows nobody."""

    def do_GET(self) -> None:
        self.send_error(401)

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        pass


@pytest.fixture
def closed() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Closed) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)


def tracking(uri: str | None, experiment: str) -> TrackingConfig:
    return TrackingConfig(name="mlflow", uri=uri, experiment=experiment, log_model=False, registered_model_name=None)


def test_a_login_that_is_missing_is_told(closed: str, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    run = Run.create(tmp_path, "family", "label")
    with caplog.at_level(logging.WARNING):
        open_tracker(tracking(closed, "x"), run, tmp_path, {})
    [record] = caplog.records
    assert "wants a login (401): set MLFLOW_TRACKING_USERNAME" in record.getMessage()
    assert run.load_json("tracking.json")["not_sent"][0]["what"] == "run"


@pytest.mark.slow
def test_a_deleted_experiment_is_told_and_another_one_works(tmp_path: Path):
    prepare_environment()
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'm.db'}"
    with quiet():
        client = MlflowClient(uri)
        number = client.create_experiment("gone")
        client.delete_experiment(number)
    server = Server(uri, "gone")
    reason = server.attempt(lambda: bool(server.begin(None, "name", "folder", None)))
    assert reason is not None
    assert f"--experiment-id {number}" in reason
    other = Server(uri, "other")
    assert other.attempt(lambda: bool(other.begin(None, "name", "folder", None))) is None


def test_an_empty_name_is_told_and_takes_the_usual_one(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    run = Run.create(tmp_path, "family", "label")
    with caplog.at_level(logging.WARNING):
        open_tracker(tracking("ftp://nowhere", "  "), run, tmp_path, {})
    assert "tracking.experiment is empty: the run joins 'sightline'" in caplog.text


def test_a_database_at_home_lies_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    seen: list[str] = []
    monkeypatch.setattr("sightline.tracking.Mirror", lambda server, *_: seen.append(str(server)))
    open_tracker(tracking("sqlite:///~/m.db", "x"), Run(tmp_path), tmp_path, {})
    assert seen == [f"sqlite:///{tmp_path}/m.db"]
