"""Against servers and databases that misbehave: many who start at once, one that dies while it is written to."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.config.later_stages import TrackingConfig
from sightline.run.folder import Run
from sightline.tracking import open_tracker


def tracking(uri: str | None = None) -> TrackingConfig:
    return TrackingConfig(name="mlflow", uri=uri, experiment="tests", log_model=True, registered_model_name=None)


def train(run: Run, first: int, last: int) -> None:
    for epoch in range(first, last):
        run.log("epoch", epoch=epoch, step=epoch + 1, val_loss=1.0 / (1 + epoch))


MIRROR_ONE = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from test_server import Run, open_tracker, tracking, train
run = Run.create(Path({runs!r}), "family", "label")
with open_tracker(tracking(), run, Path({runs!r}), {{}}) as tracker:
    run.listeners.append(tracker.listen)
    train(run, 0, 2)
sys.exit(bool(run.load_json("tracking.json")["not_sent"]))
"""


@pytest.mark.slow
def test_processes_that_start_at_once_on_a_new_database_do_not_break_it(tmp_path: Path):
    code = MIRROR_ONE.format(here=str(Path(__file__).parent), runs=str(tmp_path))
    others = [subprocess.Popen([sys.executable, "-W", "ignore", "-c", code]) for _ in range(3)]
    assert [other.wait(timeout=200) for other in others] == [0, 0, 0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator["MlflowServer"]:
    server = MlflowServer(tmp_path / "server")
    yield server
    server.kill()


class MlflowServer:
    """A real server that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {
            "--host": "127.0.0.1", "--port": str(self.port), "--workers": "1",
            "--backend-store-uri": f"sqlite:///{self.folder / 'server.db'}",
            "--artifacts-destination": str(self.folder / "artifacts"),
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *(word for pair in options.items() for word in pair)],
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.mark.slow
@pytest.mark.service
def test_training_outlives_the_server_and_the_rest_is_sent_when_it_is_back(
    tmp_path: Path, server: "MlflowServer", monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    server.start()
    run = Run.create(tmp_path, "family", "label")
    with open_tracker(tracking("sqlite:///unused.db"), run, tmp_path, {"a": 1}) as tracker:
        run.listeners.append(tracker.listen)
        train(run, 0, 2)
        tracker.sync(run)
        server.kill()
        train(run, 2, 4)
        run.save_text("report.html", "<p>")
        tracker.sync(run)
    assert len(run.rows("metrics.jsonl")) == 4
    assert "report.html" in {lost["what"] for lost in run.load_json("tracking.json")["not_sent"]}

    server.start()
    run.listeners.clear()
    with open_tracker(tracking(), run, tmp_path, {"a": 1}):
        pass
    from mlflow import MlflowClient

    client, run_id = MlflowClient(server.uri), run.load_json("mlflow_run.json")["run_id"]
    assert client.get_run(run_id).info.status == "FINISHED"
    assert [point.step for point in client.get_metric_history(run_id, "val_loss")] == [0, 1, 2, 3]
    assert "report.html" in {item.path for item in client.list_artifacts(run_id)}
    assert run.load_json("tracking.json")["not_sent"] == []
