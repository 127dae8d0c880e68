"""Two commands on one run: the second ends at once, says who is there, and has changed nothing."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sightline.run.lock import LOCK
from tests.conftest import ROOT, Answer, Command

TRAINING = (
    *("train", "data=digits", "model=cnn", "limit=400", "training.epochs=4", "device=cpu", "tracking=none"),
    "mode.stages=[validate,train]",
)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def wait_for(path: Path, words: bytes, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not (path.is_file() and words in path.read_bytes()):
        assert time.monotonic() < until, f"{path} does not come"
        time.sleep(0.05)


HOLDER = """
import sys
from contextlib import ExitStack
from pathlib import Path
from sightline.run.lock import one_writer
with ExitStack() as stack:
    for folder in sys.argv[1:]:
        stack.enter_context(one_writer(Path(folder), "sightline train run=run"))
    print("holding", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def held(demo_run: Path, tmp_path: Path) -> Iterator[tuple[int, Path, Path]]:
    """A process that writes a run and a folder for results, the run, and the folder."""
    run, output = Path(shutil.copytree(demo_run, tmp_path / "run")), tmp_path / "results"
    output.mkdir()
    command = [sys.executable, "-c", HOLDER, str(run), str(output)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process.pid, run, output
        process.kill()


@pytest.mark.parametrize(
    "words",
    [
        ("demo", "training.epochs=2", "evaluation.resamples=100", "calibration.resamples=100"),
        ("evaluate", "evaluation.resamples=100"),
        ("calibrate",),
        ("explain",),
        ("report",),
        ("uncertainty",),
    ],
    ids=lambda words: words[0],
)
def test_whatever_writes_is_refused(sightline: Command, held: tuple[int, Path, Path], words: tuple[str, ...]):
    pid, run, _ = held
    before = files(run)
    answer = sightline(*words, f"run={run}", "tracking=none", "device=cpu")
    assert (answer.status, answer.out) == (2, "")
    first, second = answer.err.splitlines()
    holder = json.loads(before[LOCK])
    assert first == (
        f"sightline: {run} is being written by process {pid} on {socket.gethostname()} since {holder['since']}: "
        "sightline train run=run"
    )
    assert second == "wait until it has ended, or end it; nothing was changed"
    assert files(run) == before


def test_readers_need_no_lock(sightline: Command, held: tuple[int, Path, Path], bars: Path, tmp_path: Path):
    _, run, output = held
    answers = [
        sightline("predict", f"run={run}", f"input={bars}/lying/00.png", "device=cpu"),
        sightline("report", f"run={run}", f"output={tmp_path}/report", "device=cpu"),
        sightline("compare", f"run=[{run}]", f"output={tmp_path}/compared", "compare.resamples=100"),
    ]
    assert [answer.status for answer in answers] == [0, 0, 0], [answer.err for answer in answers]
    before = files(output)
    refused = sightline("compare", f"run=[{run}]", f"output={output}", "compare.resamples=100")
    assert (refused.status, f"{output} is being written by process" in refused.err) == (2, True)
    assert files(output) == before


@pytest.mark.slow
def test_a_training_goes_on_as_if_the_second_had_never_come(own_process: Command, tmp_path: Path):
    command = [sys.executable, "-m", "sightline", *TRAINING, f"runs_dir={tmp_path}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as first:
        wait_for(tmp_path / "latest/metrics.jsonl", b"\n")
        run = (tmp_path / "latest").resolve()
        second: Answer = own_process(*TRAINING, f"run={run}", f"runs_dir={tmp_path}")
        assert first.poll() is None, "it had ended before the second came"
        _, errors = first.communicate(timeout=240)
    assert (second.status, f"is being written by process {first.pid} on" in second.err) == (2, True)
    assert first.returncode == 0, errors
    assert all(line.startswith("data: ") for line in errors.splitlines()), "the second disturbed the first"
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows if row["kind"] == "epoch"] == list(range(4))
    assert (run / LOCK).read_bytes() == b"", "nobody holds it any more"
