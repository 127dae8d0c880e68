"""What must hold of any training: it resumes to the bit, overfits a batch, and learns nothing from shuffled labels."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import ROOT, Command
from tests.invariants.comparing import same, states

BASE = (
    "demo", "training.epochs=3", "limit=400", "tracking=none", "transforms.mixing.cutmix_alpha=1.0",
    "transforms.mixing.probability=0.5", "model.drop_rate=0.2", "training.ema_decay=0.9",
    "training.checkpoint_minutes=0.001",
    "mode.stages=[validate,train]",
)  # fmt: skip


ATTACKED = (*BASE, "training.adversarial=pgd", "training.adversarial.steps=2", "training.accumulate=2")


@pytest.fixture(scope="module")
def undisturbed(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("undisturbed")
    answer = sightline(*BASE, f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    return runs / "latest"


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, marks=pytest.mark.exhaustive),
    ],
)
def test_a_stopped_run_ends_where_an_undisturbed_one_does(
    undisturbed: Path, sightline: Command, tmp_path: Path, number: signal.Signals
):
    ends_alike(BASE, undisturbed, sightline, tmp_path, number)


@pytest.mark.exhaustive
def test_one_that_is_attacked_and_killed_ends_where_an_undisturbed_one_does(sightline: Command, tmp_path: Path):
    """A quick case is in test_two_heads.py."""
    answer = sightline(*ATTACKED, f"runs_dir={tmp_path / 'undisturbed'}")
    assert answer.status == 0, answer.err
    ends_alike(ATTACKED, tmp_path / "undisturbed/latest", sightline, tmp_path / "killed", signal.SIGKILL)


def ends_alike(
    words: tuple[str, ...], undisturbed: Path, sightline: Command, tmp_path: Path, number: signal.Signals
) -> None:
    """Stopped by a signal and gone on with, a training has the state and the rows of one that was left alone."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sightline", *words, f"runs_dir={tmp_path}"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        rows = (tmp_path / "latest/metrics.jsonl").read_text() if (tmp_path / "latest/metrics.jsonl").exists() else ""
        if '"epoch": 1' in rows and (tmp_path / "latest/checkpoints/last.pt").exists():
            break
        time.sleep(0.005)
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=120)
    assert process.returncode in {128 + number, -number}, err
    if number != signal.SIGKILL:
        assert "go on with run=" in err
    done = torch.load(tmp_path / "latest/checkpoints/last.pt", weights_only=True)["progress"]["step"]
    assert 0 < done < torch.load(undisturbed / "checkpoints/last.pt", weights_only=True)["progress"]["step"]

    answer = sightline(*words, f"runs_dir={tmp_path}", "run=latest")
    assert answer.status == 0, answer.err
    assert f"going on after step {done}" in answer.out
    (one, rows), (other, others) = states(undisturbed), states(tmp_path / "latest")
    assert same(one, other)
    assert rows == others


def test_a_finished_run_has_nothing_to_train(undisturbed: Path, sightline: Command):
    before = (undisturbed / "metrics.jsonl").read_bytes()
    answer = sightline(*BASE, f"runs_dir={undisturbed.parent}", "run=latest")
    assert answer.status == 0, answer.err
    assert (undisturbed / "metrics.jsonl").read_bytes() == before


def test_the_best_epoch_is_the_best(undisturbed: Path):
    _, rows = states(undisturbed)
    losses = [row["val_loss"] for row in rows if row["kind"] == "epoch"]
    best = torch.load(undisturbed / "checkpoints/best.pt", weights_only=True)
    assert best["row"]["epoch"] == int(np.argmin(losses))


@pytest.mark.slow
def test_shuffled_labels_score_chance(sightline: Command, tmp_path: Path):
    """A leak between splits, or from labels into pixels, would show here."""
    from sklearn.datasets import load_digits

    digits, rng = load_digits(), np.random.default_rng(0)
    lines = ["path,label,pair"]
    (tmp_path / "images").mkdir()
    from PIL import Image

    for number, (image, label) in enumerate(
        zip(digits.images[:600], rng.permutation(digits.target[:600]), strict=True)
    ):
        name = f"images/{number:03}.png"
        Image.fromarray((image * 15).astype(np.uint8)).save(tmp_path / name)
        lines.append(f"{name},{label},{number // 2}")
    (tmp_path / "table.csv").write_text("\n".join(lines))
    answer = sightline(
        "3", "cnn", "data=csv", f"data.manifest={tmp_path / 'table.csv'}", "data.test_fraction=0.5", "tracking=none",
        "data.validation.label_conflicts=warn", "mode.stages=[validate,train,calibrate,evaluate]",
        "training.batch_size=64",
        "data.group_column=pair", "calibration.resamples=100",
        "evaluation.resamples=100", f"runs_dir={tmp_path / 'runs'}",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    accuracy = json.loads((tmp_path / "runs/latest/evaluation.json").read_text())["metrics"]["accuracy"]
    assert accuracy["value"] < 0.17, "ten classes: 0.1, with five standard deviations of 300 items"


@pytest.mark.slow
def test_a_soup_is_taken_only_where_val_gains(sightline: Command, tmp_path: Path):
    """Stopped and resumed on the way, the soup is the same; and it is never below the best epoch."""
    arguments = ("demo", "training.epochs=5", "limit=600", "tracking=none", "mode.stages=[validate,train]")
    arguments += ("model.width=16", "training.soup=3", "optimizer.lr=0.01")
    answer = sightline(*arguments, f"runs_dir={tmp_path}")
    assert answer.status == 0, answer.err
    run = tmp_path / "latest"
    told = json.loads((run / "soup.json").read_text())
    best = torch.load(run / "checkpoints/best.pt", weights_only=True)
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    losses = [row["val_loss"] for row in rows if row["kind"] == "epoch"]
    assert len(list((run / "checkpoints/soup").glob("*.pt"))) == 3
    assert told["best"]["val_loss"] == min(losses)
    assert told["soup"]["val_loss"] <= min(losses)
    assert best["row"]["val_loss"] == (told["soup"] if told["taken"] else told["best"])["val_loss"]
    before = {name: tensor.clone() for name, tensor in best["model"].items()}
    answer = sightline(*arguments, f"runs_dir={tmp_path}", "run=latest")
    assert answer.status == 0, answer.err
    again = torch.load(run / "checkpoints/best.pt", weights_only=True)["model"]
    assert all(torch.equal(before[name], again[name]) for name in before)
