"""The mirror against the real thing: a SQLite file, a port where nobody listens, and a server that dies."""

import logging
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from sightline.config.later_stages import TrackingConfig
from sightline.errors import RunFailedError
from sightline.run.folder import Run
from sightline.tracking import open_tracker

PARAMETERS = {"model.name": "cnn", "optimizer.lr": 0.1, "training.patience": None, "long": "x" * 9000}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)


def tracking(uri: str | None = None, name: Any = "mlflow") -> TrackingConfig:
    return TrackingConfig(name=name, uri=uri, experiment="tests", log_model=True, registered_model_name=None)


def new_run(runs_dir: Path) -> Run:
    run = Run.create(runs_dir, "digits-cnn", "abc-s0")
    run.save_text("config.yaml", "seed: 0\n")
    return run


def train(run: Run, first: int, last: int) -> None:
    for epoch in range(first, last):
        run.log("step", step=epoch, epoch=epoch, loss=1.0, lr=0.1)
        run.log("epoch", epoch=epoch, step=epoch + 1, train_loss=1.0, val_loss=1.0 / (1 + epoch), lr=0.1)


def client(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(uri)


def the_run(uri: str) -> Any:
    [experiment] = [e for e in client(uri).search_experiments() if e.name == "tests"]
    [found] = client(uri).search_runs([experiment.experiment_id])
    return found


def small_model() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(8, 5))


def test_importing_costs_nothing():
    code = "import sys, sightline.tracking; sys.exit(any(m in sys.modules for m in ('mlflow', 'torch', 'numpy')))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_none_writes_nothing(tmp_path: Path):
    run = new_run(tmp_path)
    with open_tracker(tracking(name="none"), run, tmp_path, PARAMETERS) as tracker:
        tracker.sync(run)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"config.yaml"}


def test_nobody_at_the_port_costs_a_warning_and_no_time(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
    run = new_run(tmp_path)
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        tracker = open_tracker(tracking(uri), run, tmp_path, PARAMETERS)
        run.listeners.append(tracker.listen)
        train(run, 0, 3)
        tracker.sync(run)
    assert time.monotonic() - began < 15, "importing mlflow, and no long retries"
    assert [record.name.split(".")[0] for record in caplog.records] == ["sightline"]
    assert "ConnectionRefusedError" in caplog.text
    assert len(run.rows("metrics.jsonl")) == 6
    assert run.load_json("tracking.json")["sent"]["rows"] == 0


@pytest.mark.slow
def test_a_run_is_mirrored_to_sqlite_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    runs_dir = tmp_path / "runs"
    run, uri = new_run(runs_dir), f"sqlite:///{runs_dir / 'mlflow.db'}"
    with open_tracker(tracking(), run, runs_dir, PARAMETERS) as tracker:
        run.listeners.append(tracker.listen)
        train(run, 0, 2)
        run.save_bytes("figures/curves.png", b"png")
        tracker.sync(run)
    there = the_run(uri)
    assert there.info.status == "FINISHED"
    assert there.info.run_name == f"digits-cnn/{run.path.name}"
    assert there.data.params["optimizer.lr"] == "0.1"
    assert there.data.params["training.patience"] == "null"

    run.listeners.clear()
    with open_tracker(tracking(), run, runs_dir, PARAMETERS | {"optimizer.lr": 0.2, "new": 1}) as tracker:
        run.listeners.append(tracker.listen)
        train(run, 2, 3)
        run.save_json(
            "evaluation.json", {"split": "test", "metrics": {"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}}}
        )
        tracker.sync(run)
    there = the_run(uri)
    curve = client(uri).get_metric_history(there.info.run_id, "val_loss")
    assert [(point.step, point.value) for point in curve] == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert there.data.metrics["test/accuracy_low"] == 0.8
    assert there.data.metrics["step/loss"] == 1.0
    assert there.data.params["optimizer.lr"] == "0.1", "MLflow keeps the first"
    assert there.data.tags["optimizer.lr"] == "0.2", "a later one becomes a tag"
    assert there.data.params["new"] == "1"
    places = {item.path for item in client(uri).list_artifacts(there.info.run_id)}
    assert places == {"config.yaml", "metrics.jsonl", "evaluation.json", "figures"}
    stored = runs_dir / "mlartifacts" / there.info.run_id / "artifacts" / "figures" / "curves.png"
    assert stored.read_bytes() == b"png"
    assert run.load_json("tracking.json")["not_sent"] == []
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}, "nothing is written where the command was given"


@pytest.mark.slow
def test_the_logged_model_answers_as_the_model_does(tmp_path: Path):
    run, uri = new_run(tmp_path), f"sqlite:///{tmp_path / 'mlflow.db'}"
    run.save_bytes("checkpoints/best.pt", b"weights")
    model = small_model().train()
    example = np.random.default_rng(0).normal(size=(4, 3, 16, 16)).astype(np.float32)
    with open_tracker(tracking(), run, tmp_path, {}) as tracker:
        tracker.log_model(model, example)
        tracker.log_model(model, example)
    assert model.training, "the model stays as it was"
    assert "MLFLOW_TRACKING_URI" not in os.environ
    assert run.load_json("tracking.json")["not_sent"] == []

    import mlflow

    there = the_run(uri)
    [output] = there.outputs.model_outputs
    logged = client(uri).get_logged_model(output.model_id)
    loaded = mlflow.pyfunc.load_model(logged.artifact_location)
    signature = loaded.metadata.signature
    assert signature.inputs.inputs[0].shape == (-1, 3, 16, 16)
    assert signature.outputs.inputs[0].shape == (-1, 5)
    images = np.random.default_rng(1).normal(size=(7, 3, 16, 16)).astype(np.float32)
    with torch.no_grad():
        expected = model.eval()(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(loaded.predict(images), expected, atol=1e-6)


@pytest.mark.slow
def test_a_model_is_registered_once_and_anew_when_it_changed_or_at_another_server(tmp_path: Path):
    run, example = new_run(tmp_path), np.zeros((2, 3, 16, 16), dtype=np.float32)

    def register(uri: str | None, name: str = "shapes") -> None:
        with open_tracker(tracking(uri), run, tmp_path, {}) as tracker:
            tracker.log_model(small_model(), example)
        tracker.register(name)

    first, second = f"sqlite:///{tmp_path / 'mlflow.db'}", f"sqlite:///{tmp_path / 'second.db'}"
    for content in (b"weights", b"weights", b"other weights"):
        if not run.has("checkpoints/best.pt") or (run.path / "checkpoints/best.pt").read_bytes() != content:
            run.save_bytes("checkpoints/best.pt", content)
        register(None)
    register(second)
    for uri, count in ((first, 2), (second, 1)):
        versions = client(uri).search_model_versions("name='shapes'")
        assert sorted(int(version.version) for version in versions) == list(range(1, count + 1))
        assert {version.run_id for version in versions} == {the_run(uri).info.run_id}
        assert the_run(uri).info.status == "FINISHED"
    with pytest.raises(RunFailedError, match=r"not registered as a/b: .*Invalid model name"):
        register(second, "a/b")
    with pytest.raises(RunFailedError, match=r"not registered as shapes: .*[Rr]efused"):
        register("http://127.0.0.1:9")


@pytest.mark.slow
def test_a_model_that_cannot_be_exported_costs_a_warning(tmp_path: Path):
    class Moody(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean((2, 3)) if float(images.sum()) > 0 else images.amax((2, 3))

    run = new_run(tmp_path)
    with open_tracker(tracking(), run, tmp_path, {}) as tracker:
        tracker.log_model(Moody(), np.ones((2, 3, 8, 8), dtype=np.float32))
    [lost] = run.load_json("tracking.json")["not_sent"]
    assert lost["what"] == "model"
    assert "torch.export" in lost["why"]
