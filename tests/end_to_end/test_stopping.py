"""Later stages that are stopped: the status of the signal, a last line that says how to go on, and the same end."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import pytest

from sightline import cli
from sightline.inference import predict as predict_file
from tests.conftest import ROOT, Answer, Command


def begin(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sightline", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str], timeout: float = 60) -> Answer:
    out, err = process.communicate(timeout=timeout)
    return Answer(process.returncode, out, err)


@pytest.fixture
def copy(tmp_path: Path, demo_run: Path) -> Path:
    return shutil.copytree(demo_run, tmp_path / "runs/family/copy")


def test_evaluation_that_is_stopped_says_how_to_go_on(copy: Path, sightline: Command, monkeypatch: pytest.MonkeyPatch):
    """A hangup within the callback of a weak reference, between two batches."""

    class Batch:
        """Something that goes away."""

    def bar(*arguments: object, **words: object) -> object:
        thing = Batch()
        weakref.finalize(thing, os.kill, os.getpid(), signal.SIGHUP)
        del thing
        return real(*arguments, **words)

    real = predict_file.ProgressBar
    monkeypatch.setattr(predict_file, "ProgressBar", bar)
    answer = sightline("evaluate", f"run={copy}", f"runs_dir={copy.parents[1]}", "evaluation.tta=flip", "tracking=none")
    assert answer.status == 129
    assert answer.err.splitlines()[-1] == "sightline: stopped; the same command with run=family/copy goes on"


def test_a_signal_that_comes_last_is_not_lost(sightline: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cli, "execute", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    assert sightline("demo").status == 143


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("stage", "number"),
    [
        pytest.param(stage, number, marks=() if number == own else pytest.mark.exhaustive)
        for stage, own in (
            ("evaluate", signal.SIGINT), ("calibrate", signal.SIGTERM), ("explain", signal.SIGHUP),
            ("predict", signal.SIGTERM),
        )
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    ],
)  # fmt: skip
def test_whenever_it_comes(stage: str, number: signal.Signals, copy: Path, sightline: Command, bars: Path):
    """Before the command listens it dies by the signal; from then on it ends with 128 more than its number."""
    more = {"predict": [f"input={bars}"], "evaluate": ["evaluation.tta=flip"]}.get(stage, [])
    words = [stage, f"run={copy}", "tracking=none", *more]
    began = time.monotonic()
    assert ended(begin(*words)).status == 0
    whole = time.monotonic() - began
    for _ in range(3):
        process = begin(*words)
        time.sleep(random.uniform(0.1, 1.0) * whole)
        was_over = process.poll() is not None
        process.send_signal(number)
        answer = ended(process)
        assert answer.status in ({0} if was_over else {128 + number, -number, 0})
        assert "Traceback" not in answer.out + answer.err
        assert "Exception ignored" not in answer.err
        if answer.status == 128 + number:
            assert answer.err.splitlines()[-1].startswith("sightline: stopped; the same command ")
    assert sightline(*words).status == 0
