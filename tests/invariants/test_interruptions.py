"""Whatever ends a training before its time, the same command brings it to the same end."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from tests.conftest import ROOT, Command
from tests.invariants.comparing import same, states

LONG = (
    "6", "cnn", "data=digits", "model.width=16", "training.batch_size=16", "training.ema_decay=0.9",
    "training.checkpoint_minutes=0.001", "transforms=randaugment", "transforms.mixing.mixup_alpha=0.4",
    "model.drop_rate=0.1", "training.lookahead_steps=3", "model.stem=whitened", "model.norm_scale=false",
    "optimizer=muon", "optimizer.keep_norm=true", "transforms.flip_alternates=true", "tracking=none",
    "evaluation.resamples=100", "calibration.resamples=100", "mode.stages=[validate,train,evaluate]",
)  # fmt: skip


def start(*arguments: str, limit: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sightline", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=limit,
    )  # fmt: skip


def last_step(runs: Path) -> int:
    """The newest step that `metrics.jsonl` tells of; -1 before any."""
    try:
        rows = (runs / "latest/metrics.jsonl").read_text().splitlines()
        return max((json.loads(row)["step"] for row in rows if row.endswith("}")), default=-1)
    except FileNotFoundError:
        return -1


def kill_after(process: subprocess.Popen[str], runs: Path, step: int, pause: float) -> None:
    """Kill -9 a little after a step was logged; the process must not have ended by itself."""
    deadline = time.monotonic() + 120
    while last_step(runs) < step and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(pause)
    assert process.poll() is None, process.communicate()[1]
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_kills_at_random_moments_change_nothing(sightline: Command, tmp_path: Path, kills: int):
    """Weights, averages, optimiser state, rows and predictions equal those of an undisturbed run, to the bit."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    answer = sightline(*LONG, f"runs_dir={whole}")
    assert answer.status == 0, answer.err
    expected, rows = states(whole / "latest")
    steps = expected["progress"]["step"]
    rng = np.random.default_rng(time.time_ns())  # other moments each time: the claim is for any
    targets = np.sort(rng.choice(np.arange(1, steps - 8), kills, replace=False))
    again: tuple[str, ...] = ()
    for target in targets:
        process = start(*LONG, f"runs_dir={killed}", *again)
        kill_after(process, killed, int(target), pause=float(rng.uniform(0.0, 0.05)))
        again = ("run=latest",)
    answer = sightline(*LONG, f"runs_dir={killed}", *again)
    assert answer.status == 0, answer.err
    assert "going on after step" in answer.out
    found, others = states(killed / "latest")
    assert same(expected, found), f"killed after steps {targets.tolist()}"
    assert rows == others
    for name in ("predictions/val.npz", "predictions/test.npz", "evaluation.json"):
        assert (whole / "latest" / name).read_bytes() == (killed / "latest" / name).read_bytes(), name


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 digits as files."""
    root, digits = tmp_path_factory.mktemp("pictures"), load_digits()
    for number, (image, label) in enumerate(zip(digits.images[:300], digits.target[:300], strict=True)):
        (root / str(label)).mkdir(exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).resize((24, 24)).save(root / str(label) / f"{number}.png")
    return root


@pytest.mark.slow
def test_workers_and_kills_change_nothing_where_images_are_streamed(sightline: Command, tmp_path: Path, pictures: Path):
    """Pixels decoded for every batch by 0, 2 or 4 workers, or once into memory: one and the same training."""
    base = (*LONG[1:], "training.epochs=2", "training.batch_size=8", "data=folder", f"data.root={pictures}")
    kept = tmp_path / "memory"
    answer = sightline(*base, f"runs_dir={kept}", "data.store=memory")
    assert answer.status == 0, answer.err
    expected, rows = states(kept / "latest")
    for workers in (0, 2, 4):
        runs = tmp_path / f"workers{workers}"
        streamed = (*base, f"runs_dir={runs}", "data.store=stream", f"data.workers={workers}")
        kill_after(start(*streamed), runs, 9, pause=0.0)
        answer = sightline(*streamed, "run=latest")
        assert answer.status == 0, answer.err
        found, others = states(runs / "latest")
        assert same(expected, found), f"{workers} workers"
        assert rows == others
        predictions = (kept / "latest/predictions/test.npz").read_bytes()
        assert (runs / "latest/predictions/test.npz").read_bytes() == predictions


SHORT = (
    "demo", "training.epochs=3", "limit=300", "tracking=none", "mode.stages=[validate,train]", "model.width=16",
)  # fmt: skip


@pytest.fixture(scope="module")
def short(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("short")
    answer = sightline(*SHORT, f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    return runs


def copied(runs: Path, target: Path) -> Path:
    shutil.copytree(runs, target, symlinks=True)
    return target / "latest"


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "missing", "one bit"])
def test_a_damaged_last_checkpoint_gives_way_to_the_one_before(
    short: Path, sightline: Command, tmp_path: Path, damage: str
):
    run = copied(short, tmp_path / "runs")
    last = run / "checkpoints/last.pt"
    content = last.read_bytes()
    match damage:
        case "truncated":
            last.write_bytes(content[: len(content) // 3])
        case "zeroed":
            last.write_bytes(bytes(len(content)))
        case "missing":
            last.unlink()
        case "one bit":
            place = len(content) // 2
            last.write_bytes(content[:place] + bytes([content[place] ^ 128]) + content[place + 1 :])
    answer = sightline(*SHORT, f"runs_dir={tmp_path / 'runs'}", "run=latest")
    assert answer.status == 0, answer.err
    assert f"last.pt is {'missing' if damage == 'missing' else 'damaged'}" in answer.err
    assert "going on from checkpoints/previous.pt" in (run / "log.txt").read_text()
    (one, rows), (other, others) = states(short / "latest"), states(run)
    assert same(one, other)
    assert rows == others


def test_a_damaged_best_checkpoint_is_built_anew_or_told(short: Path, sightline: Command, tmp_path: Path):
    run, undisturbed = copied(short, tmp_path / "runs"), short / "latest"
    best = run / "checkpoints/best.pt"
    content = best.read_bytes()
    assert torch.load(best, weights_only=True)["row"]["epoch"] == 2, "the last epoch is the best one here"
    best.write_bytes(content[:9000] + bytes([content[9000] ^ 1]) + content[9001:])
    answer = sightline(*SHORT, f"runs_dir={tmp_path / 'runs'}", "run=latest")
    assert answer.status == 0, answer.err
    assert "it is built anew from checkpoints/last.pt" in answer.err
    assert best.read_bytes() == (undisturbed / "checkpoints/best.pt").read_bytes()
    for name in ("last", "previous"):
        (run / f"checkpoints/{name}.pt").unlink()
    best.write_bytes(content[:9000] + bytes([content[9000] ^ 1]) + content[9001:])
    answer = sightline("calibrate", f"runs_dir={tmp_path / 'runs'}", "run=latest")
    assert answer.status == 1, answer.err
    assert "best.pt is damaged" in answer.err
    assert "train the run anew" in answer.err


def test_two_damaged_checkpoints_end_the_run_and_stay_as_they_are(short: Path, sightline: Command, tmp_path: Path):
    run = copied(short, tmp_path / "runs")
    for name in ("last", "previous"):
        (run / f"checkpoints/{name}.pt").write_bytes(b"no checkpoint")
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file() and file.name != "log.txt"}
    answer = sightline(*SHORT, f"runs_dir={tmp_path / 'runs'}", "run=latest")
    assert answer.status == 1
    assert "no checkpoint of" in answer.err
    assert "Traceback" not in answer.err
    assert {file: file.read_bytes() for file in before} == before


def test_another_configuration_or_other_data_are_refused(short: Path, sightline: Command, tmp_path: Path):
    run = copied(short, tmp_path / "runs")
    answer = sightline(*SHORT, f"runs_dir={tmp_path / 'runs'}", "run=latest", "optimizer.lr=0.5")
    assert answer.status == 2
    assert "optimizer.lr was" in answer.err
    split = json.loads((run / "split.json").read_text())
    moved = split["items"]["val"]
    for column in ("ids", "hashes", "labels"):
        split["items"]["train"][column].append(moved[column].pop())
    (run / "split.json").write_text(json.dumps(split))
    # The data gate would write the split anew: this is somebody's hand.
    only = ("mode.stages=[train]",)
    answer = sightline(*SHORT[:-2], *only, SHORT[-1], f"runs_dir={tmp_path / 'runs'}", "run=latest")
    assert answer.status == 1, answer.out
    assert "is of another split" in answer.err


@pytest.mark.slow
def test_a_full_disk_takes_nothing_that_was_saved(short: Path, sightline: Command, tmp_path: Path):
    """The system refuses any file above a size, as a full disk would, in the middle of a checkpoint."""
    size = (short / "latest/checkpoints/last.pt").stat().st_size
    runs, most = tmp_path / "runs", size // 2
    process = start(
        *SHORT, f"runs_dir={runs}",
        limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY)),
    )  # fmt: skip
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "cannot grow" in err
    assert "go on with run=" in err
    assert "Traceback" not in err
    assert not list((runs / "latest/checkpoints").glob("*.partial"))
    answer = sightline(*SHORT, f"runs_dir={runs}", "run=latest")
    assert answer.status == 0, answer.err
    (one, rows), (other, others) = states(short / "latest"), states(runs / "latest")
    assert same(one, other)
    assert rows == others


@pytest.mark.slow
def test_out_of_memory_halves_the_micro_batch(tmp_path: Path):
    """A real one: the process may not take more address space than one whole batch would need."""
    arguments = (
        "1", "cnn", "data=digits", "limit=900", "training.batch_size=256", "image_size=224", "model.width=64",
        "training.steps_per_epoch=1", "tracking=none", "mode.stages=[validate,train]", "evaluation.batch_size=4",
        "transforms=none",
    )  # fmt: skip
    script = (
        "import resource, sys, torch, timm\n"  # their address space is not what this is about
        "from sightline import stages\n"
        "import sightline.training.loop as loop\n"
        "real = loop.Loop.run\n"
        "def limited(self, stop):\n"
        "    now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (now + int(9e8), resource.RLIM_INFINITY))\n"
        "    return real(self, stop)\n"
        "loop.Loop.run = limited\n"
        "from sightline.cli import main\n"
        "sys.exit(main())\n"
    )
    # Blocks that glibc keeps in its heaps count as address space even when they are free.
    returned = {"MALLOC_MMAP_THRESHOLD_": "1000000", "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments, f"runs_dir={tmp_path}"],
        cwd=ROOT, capture_output=True, text=True, timeout=250, check=False, env=os.environ | returned,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "out of memory: going on with" in done.stderr
    last = torch.load(tmp_path / "latest/checkpoints/last.pt", weights_only=True)
    assert last["progress"]["micro_batches"] > 1
    assert last["progress"]["step"] == 1


@pytest.mark.slow
def test_a_compiler_that_fails_is_done_without(own_process: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In a process of its own: torch reads which compiler to take once, when it is first asked to compile."""
    monkeypatch.setenv("CXX", "/nonexistent/compiler")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    answer = own_process(*SHORT, f"runs_dir={tmp_path}", "training.compile=on", "training.epochs=1")
    assert answer.status == 0, answer.err
    assert "torch.compile failed, training goes on without it" in answer.err
