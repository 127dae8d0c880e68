"""Two processes under torchrun train one model, as one process would, and survive the death of one of them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from tests.conftest import ROOT, Command
from tests.invariants.comparing import same, states

BASE = (
    "demo", "limit=403", "training.epochs=3", "training.batch_size=32", "model.width=16", "tracking=none",
    "transforms=none", "training.precision=fp32", "training.ema_decay=0.9", "training.checkpoint_minutes=0.001",
    "evaluation.resamples=100", "calibration.resamples=100", "mode.stages=[validate,train,calibrate,evaluate]",
)  # fmt: skip


def torchrun(*arguments: str, restarts: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
            f"--max-restarts={restarts}", "-m", "sightline", *arguments,
        ],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> tuple[str, str]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    return out, err


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes, undisturbed."""
    runs = tmp_path_factory.mktemp("both")
    out, _ = finished(torchrun(*BASE, f"runs_dir={runs}"))
    assert out.count("epoch 1/3") == 1, "one process speaks"
    return runs


@pytest.mark.slow
def test_two_processes_leave_one_run_and_count_every_item_once(both: Path):
    runs = [path for path in both.glob("digits-*/*") if path.is_dir()]
    assert len(runs) == 1
    split = json.loads((runs[0] / "split.json").read_text())
    evaluation = json.loads((runs[0] / "evaluation.json").read_text())
    assert evaluation["n"] == split["counts"]["test"]
    assert np.sum(evaluation["confusion"]) == split["counts"]["test"]
    ids = np.load(runs[0] / "predictions/test.npz")["ids"].tolist()
    assert sorted(ids) == sorted(split["items"]["test"]["ids"])
    ledger = (runs[0] / "test_ledger.jsonl").read_text().splitlines()
    assert len(ledger) == 1


@pytest.mark.slow
def test_the_same_weights_are_judged_the_same_by_one_process(both: Path, sightline: Command):
    before = json.loads((both / "latest/evaluation.json").read_text())
    shutil.rmtree(both / "latest/predictions")  # one process makes them anew
    answer = sightline("evaluate", "run=latest", f"runs_dir={both}")
    assert answer.status == 0, answer.err
    assert json.loads((both / "latest/evaluation.json").read_text()) == before
    best = torch.load(both / "latest/checkpoints/best.pt", weights_only=True)
    predictions = np.load(both / "latest/predictions/val.npz")
    accuracy = float((predictions["logits"].argmax(axis=1) == predictions["labels"]).mean())
    assert best["row"]["val_accuracy"] == pytest.approx(accuracy), "counted by two, recounted by one"


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(sightline: Command, tmp_path: Path):
    """Only the statistics of normalisation, of half a batch each, tell them apart: without, the steps are the same."""
    common = [argument for argument in BASE if not argument.startswith(("model.", "mode."))]
    still = ("model=vit", "model.pretrained=false", "model.name=test_vit", "image_size=32")
    sgd = ("optimizer=sgd", "optimizer.lr=0.05", "training.epochs=1", "mode.stages=[validate,train]")
    base = (*common, *still, *sgd)
    finished(torchrun(*base, f"runs_dir={tmp_path / 'two'}"))
    answer = sightline(*base, f"runs_dir={tmp_path / 'one'}")
    assert answer.status == 0, answer.err
    (one, rows), (two, others) = states(tmp_path / "one/latest"), states(tmp_path / "two/latest")
    for key, tensor in one["model"].items():
        torch.testing.assert_close(two["model"][key], tensor, rtol=1e-3, atol=1e-5)
    assert rows[-1]["val_loss"] == pytest.approx(others[-1]["val_loss"], rel=1e-3)
    assert rows[-1]["train_loss"] == pytest.approx(others[-1]["train_loss"], rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, pytest.param(1, marks=pytest.mark.exhaustive)])  # 0 writes the run
def test_a_killed_process_is_started_anew_and_changes_nothing(both: Path, tmp_path: Path, rank: int):
    agent = torchrun(*BASE, f"runs_dir={tmp_path}", restarts=1)
    rows, deadline = tmp_path / "latest/metrics.jsonl", time.monotonic() + 120
    while time.monotonic() < deadline and not (rows.exists() and '"epoch": 1' in rows.read_text()):
        time.sleep(0.01)
    workers = {
        int(child.environ()["RANK"]): child
        for child in psutil.Process(agent.pid).children()
        if "RANK" in child.environ()
    }
    os.kill(workers[rank].pid, signal.SIGKILL)
    out, _ = finished(agent)
    assert "going on after step" in out
    assert len([path for path in tmp_path.glob("digits-*/*") if path.is_dir()]) == 1
    (one, rows_of_one), (other, rows_of_other) = states(both / "latest"), states(tmp_path / "latest")
    assert same(one, other)
    assert rows_of_one == rows_of_other
    for name in ("evaluation.json", "predictions/test.npz"):
        assert (both / "latest" / name).read_bytes() == (tmp_path / "latest" / name).read_bytes(), name
    assert len((tmp_path / "latest/test_ledger.jsonl").read_text().splitlines()) == 1


@pytest.mark.slow
def test_a_signal_to_torchrun_saves_the_state(both: Path, tmp_path: Path):
    agent = torchrun(*BASE, f"runs_dir={tmp_path}")
    rows, deadline = tmp_path / "latest/metrics.jsonl", time.monotonic() + 120
    while time.monotonic() < deadline and not (rows.exists() and '"epoch": 1' in rows.read_text()):
        time.sleep(0.01)
    agent.send_signal(signal.SIGTERM)
    _, err = agent.communicate(timeout=120)
    assert agent.returncode != 0
    assert "go on with run=" in err
    finished(torchrun(*BASE, f"runs_dir={tmp_path}", "run=latest"))
    (one, _), (other, _) = states(both / "latest"), states(tmp_path / "latest")
    assert same(one, other)
