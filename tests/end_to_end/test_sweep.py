"""Sweeps as a person starts them: whole, killed, with trials that fail, several at once."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
import torch
import yaml
from optuna.trial import FrozenTrial, TrialState

from tests.conftest import ROOT, Command

SMALL = (
    *("data=digits", "limit=300", "model.width=8", "training.batch_size=32", "tracking=none"),
    *("evaluation.resamples=100", "calibration.resamples=100", "explain.classes=2", "explain.per_class=1"),
)
SEARCH_ALONE = "mode.stages=[sweep,validate,train]"
"""Neither measure nor explain the winner: for tests that are about the trials."""
TRIALS = 5
SEARCH: dict[str, Any] = {
    "name": "small",
    "space": {
        "optimizer.lr": {"log_uniform": [1e-3, 0.1]},
        "optimizer": {"categorical": ["adamw", "sgd"]},
        "optimizer.momentum": {"uniform": [0.5, 0.9], "step": 0.1, "when": {"optimizer": "sgd"}},
    },
    "trials": TRIALS,
    "sampler": {"name": "tpe", "options": {"tpe": {"n_startup_trials": 3}}},
    "pruner": {"name": "median", "options": {"median": {"n_startup_trials": 2, "n_warmup_steps": 1}}},
    "top": 1,
    "fresh_seeds": 1,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums come out the same only with as many threads; and four sweeps at once should not wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # here, where torch has been imported already
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield
    torch.set_num_threads(threads)


def words(tmp_path: Path, *more: str, epochs: int = 5, **changed: Any) -> list[str]:
    """A sweep command over a file of its own."""
    tmp_path.mkdir(parents=True, exist_ok=True)
    file = tmp_path / "search.yaml"
    file.write_text(yaml.safe_dump({**SEARCH, **changed}, sort_keys=False))
    runs = () if any(word.startswith("runs_dir=") for word in more) else (f"runs_dir={tmp_path / 'runs'}",)
    return ["sweep", f"sweep={file}", *SMALL, f"training.epochs={epochs}", *runs, *more]


def begun(arguments: list[str], *, everywhere: bool = False) -> subprocess.Popen[str]:
    """Start a command, on the cores of this test process or on all of the machine."""
    return subprocess.Popen(
        [sys.executable, "-m", "sightline", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=(lambda: os.sched_setaffinity(0, range(os.cpu_count() or 1))) if everywhere else None,
    )  # fmt: skip


def study(url: str, name: str = "small") -> list[FrozenTrial]:
    storage = optuna.storages.RDBStorage(url)
    try:
        return optuna.load_study(study_name=name, storage=storage).get_trials(deepcopy=False)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def stored(tmp_path: Path, name: str = "small") -> list[FrozenTrial]:
    return study(f"sqlite:///{tmp_path / 'runs' / 'sweeps.db'}", name)


def results(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "runs/sweeps/small/sweep.json").read_text())
    return found


def kill_all(process: subprocess.Popen[str]) -> None:
    """SIGKILL for a sweep and every process of its own, at once."""
    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in family:
        member.kill()
    process.communicate()
    psutil.wait_procs(family, timeout=60)


@pytest.fixture(scope="module")
def whole(sightline: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    answer = sightline(*words(folder))
    assert answer.status == 0, answer.err
    assert answer.out.count("  trial ") >= TRIALS
    return folder


@pytest.mark.slow
def test_a_sweep_leaves_all_that_it_promises(whole: Path):
    found, folder = results(whole), whole / "runs/sweeps/small"
    assert [row["number"] for row in found["trials"]] == list(range(TRIALS))
    assert {row["state"] for row in found["trials"]} <= {"complete", "pruned"}
    assert found["as_configured"] == 0
    assert [row["name"] for row in found["again"]] != []
    assert all(row["fresh"][0]["seed"] == 1 for row in found["again"])
    for row in found["trials"]:
        assert ("optimizer.momentum" in row["values"]) == (row["values"]["optimizer"] == "sgd")
        config = yaml.safe_load((Path(row["run"]) / "config.yaml").read_text())
        assert config["optimizer"]["lr"] == row["values"]["optimizer.lr"]
        assert config["optimizer"]["name"] == row["values"]["optimizer"]
    for name in ("history", "curves", "importances", "parallel", "slices"):
        assert (folder / f"figures/sweep_{name}.png").read_bytes()[:4] == b"\x89PNG"
    page = (folder / "report.html").read_text()
    assert "://" not in page.replace("http://www.w3.org", "").replace("sqlite:///", "")


@pytest.mark.slow
def test_no_trial_reads_test_labels_and_what_is_compared_once(whole: Path):
    found, folder = results(whole), whole / "runs/sweeps/small"
    ledgers = {path.parent.relative_to(folder).as_posix(): path for path in folder.rglob("test_ledger.jsonl")}
    winner, *others = found["again"]
    compared = [winner, *(row for row in others if row["name"] == "as configured")]
    winner = winner["fresh"][0]["run"]
    assert set(ledgers) == {row["fresh"][0]["run"] for row in compared}
    for path in ledgers.values():
        stages = {json.loads(line)["stage"] for line in path.read_text().splitlines()}
        assert stages == ({"evaluate", "compare"} if len(compared) > 1 else {"evaluate"})
    assert not list((folder / "trials").rglob("test.npz"))
    assert (whole / "runs/latest").resolve() == folder / winner


@pytest.mark.slow
def test_the_best_is_a_recipe_that_trains_the_same(sightline: Command, whole: Path):
    found = results(whole)
    best = whole / "runs/sweeps/small/best.yaml"
    answer = sightline("train", f"recipe={best}", "--cfg", "job")
    assert answer.status == 0, answer.err
    config = yaml.safe_load(answer.out)
    for key, value in found["again"][0]["values"].items():
        group, _, name = key.partition(".")
        assert config[group][name or "name"] == value
    assert config["training"]["epochs"] == 5


@pytest.mark.slow
def test_done_again_it_does_nothing_and_says_so(sightline: Command, whole: Path):
    before = {path: path.stat().st_mtime_ns for path in (whole / "runs/sweeps").rglob("*") if path.is_file()}
    answer = sightline(*words(whole))
    assert (answer.status, f"is finished, {TRIALS} trials" in answer.out) == (0, True), answer.err
    assert before == {path: path.stat().st_mtime_ns for path in before}


@pytest.mark.slow
def test_another_search_under_its_name_is_refused(sightline: Command, whole: Path):
    answer = sightline(*words(whole, "optimizer.lr=0.002"))
    assert (answer.status, "is another search: optimizer.lr was" in answer.err) == (2, True), answer.err


@pytest.mark.slow
def test_killed_at_three_random_moments_it_ends_as_if_undisturbed(sightline: Command, whole: Path, tmp_path: Path):
    moments, killed = [random.uniform(0.0, 1.5) for _ in range(3)], 0
    print("moments", moments)
    for moment in moments:
        with begun(words(tmp_path, SEARCH_ALONE)) as process:
            training_seen(process, tmp_path / "runs/sweeps/small/trials")
            time.sleep(moment)
            if process.poll() is None:
                kill_all(process)
                killed += 1
            else:
                process.communicate()
    assert killed >= 1
    answer = sightline(*words(tmp_path, SEARCH_ALONE))
    assert answer.status == 0, answer.err
    trials, expected = stored(tmp_path), stored(whole)
    assert [trial.number for trial in trials] == list(range(TRIALS))
    assert all(trial.state.is_finished() for trial in trials)
    assert [(trial.state, trial.params, trial.values) for trial in trials] == [
        (trial.state, trial.params, trial.values) for trial in expected
    ]
    for row in results(tmp_path)["trials"]:
        rows = [json.loads(line) for line in (Path(row["run"]) / "metrics.jsonl").read_text().splitlines()]
        epochs = [line["epoch"] for line in rows if line["kind"] == "epoch"]
        assert epochs == list(range(len(row["curve"])))
    assert results(tmp_path)["again"][0]["mean"] == results(whole)["again"][0]["mean"]


@pytest.mark.slow
def test_trials_that_fail_are_written_down_and_the_sweep_goes_on(own_process: Command, tmp_path: Path):
    space = {
        "optimizer.lr": {"categorical": [0.01, 1e30]},
        "model.width": {"categorical": [8, 200000]},
        "training.teacher": {"categorical": [None, "no/such/run"]},
    }
    arguments = words(tmp_path, "optimizer.lr=0.01", SEARCH_ALONE, space=space, trials=20, sampler={"name": "grid"})
    answer = own_process(*arguments)
    assert answer.status == 0, answer.err
    rows = results(tmp_path)["trials"]
    assert len(rows) == 8, "a grid has no more points"
    assert [row["state"] for row in rows].count("failed") == 7
    assert rows[results(tmp_path)["as_configured"]]["state"] == "complete"
    for row in rows:
        values = row["values"]
        if values["training.teacher"] is not None and values["model.width"] == 8:
            assert "no/such/run is no run" in row["reason"]
        elif values["model.width"] == 200000:
            assert "out of memory" in row["reason"] or "no/such/run" in row["reason"]
        elif values["optimizer.lr"] == 1e30:
            assert "the loss is nan" in row["reason"]
        else:
            assert row["state"] == "complete"
    assert "failed: out of memory" in answer.out


@pytest.mark.exhaustive
def test_two_jobs_of_which_one_is_killed(tmp_path: Path):
    if (os.cpu_count() or 1) < 2:
        pytest.skip("two jobs take two cores")
    arguments = words(tmp_path, f"sweep.storage=journal:///{tmp_path}/journal.log", "sweep.jobs=2", SEARCH_ALONE)
    with begun(arguments, everywhere=True) as process:
        training_seen(process, tmp_path / "runs/sweeps/small/trials")
        busiest_worker(process).kill()
        out = process.communicate(timeout=280)[0]
    assert process.returncode == 0, out
    rows = results(tmp_path)["trials"]
    assert [row["number"] for row in rows] == list(range(TRIALS))
    assert {row["state"] for row in rows} <= {"complete", "pruned"}


@pytest.mark.slow
def test_when_time_is_up_no_trial_begins(sightline: Command, tmp_path: Path):
    arguments = words(tmp_path, "sweep.minutes=0.01", SEARCH_ALONE, trials=50)
    answer = sightline(*arguments)
    assert answer.status == 0, answer.err
    assert 1 <= len(results(tmp_path)["trials"]) < 10
    again = sightline(*arguments)
    assert (again.status, "a larger sweep.minutes goes on with it" in again.out) == (0, True), again.err


def training_seen(process: subprocess.Popen[str], trials: Path) -> None:
    """Returns once an epoch has ended or a trial has begun since this call, or once the process has ended."""
    since, deadline = time.time(), time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if any(rows.stat().st_mtime > since for rows in trials.glob("*/metrics.jsonl")):
            return
        time.sleep(0.01)


def busiest_worker(process: subprocess.Popen[str]) -> psutil.Process:
    """The child of a running process that trains: the one which has had the most processor time."""
    return max(psutil.Process(process.pid).children(), key=busy)


def busy(process: psutil.Process) -> float:
    """Seconds of processor time; none of a process that has just ended."""
    try:
        return sum(process.cpu_times()[:2])
    except psutil.NoSuchProcess:
        return 0.0


@pytest.mark.slow
def test_interrupted_it_saves_and_goes_on(sightline: Command, whole: Path, tmp_path: Path):
    for number in (signal.SIGINT, signal.SIGTERM):
        with begun(words(tmp_path, SEARCH_ALONE)) as process:
            training_seen(process, tmp_path / "runs/sweeps/small/trials")
            process.send_signal(number)
            out = process.communicate(timeout=100)[0]
        assert (process.returncode, "the same command goes on" in out) == (128 + number, True), out
        assert [trial.state for trial in stored(tmp_path)].count(TrialState.RUNNING) <= 1
    assert sightline(*words(tmp_path, SEARCH_ALONE)).status == 0
    assert [trial.values for trial in stored(tmp_path)] == [trial.values for trial in stored(whole)]


# ---------------------------------------------------------------- PostgreSQL


POSTGRESQL = ROOT / "tests/services/postgresql.sh"


@dataclass(frozen=True)
class Database:
    """A PostgreSQL of these tests."""

    folder: str
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://sightline@127.0.0.1:{self.port}/sweeps"

    def do(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(POSTGRESQL), words[0], f"{self.folder}/pg", *words[1:]]
        return subprocess.run(command, capture_output=True, text=True)

    def trials(self, name: str) -> list[FrozenTrial]:
        return study(self.url.replace("postgresql", "postgresql+psycopg"), name)


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Database]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        found = Database(folder, port)
        done = found.do("start", str(port))
        if done.returncode == 77:
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        yield found
        assert found.do("stop").returncode == 0


@pytest.mark.service
@pytest.mark.slow
def test_four_processes_share_one_postgresql_and_one_is_killed(postgresql: Database, tmp_path: Path):
    def arguments(place: int) -> list[str]:
        folder = f"runs_dir={tmp_path / f'machine{place}'}"  # four machines, each with a disk of its own
        return words(tmp_path, f"sweep.storage={postgresql.url}", folder, SEARCH_ALONE, trials=8)

    processes = [begun(arguments(place), everywhere=True) for place in range(4)]
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and not list(tmp_path.glob("machine0/sweeps/small/trials/*/metrics.jsonl")):
        time.sleep(0.02)
    kill_all(processes[0])
    outs = [process.communicate(timeout=280)[0] for process in processes[1:]]
    assert [process.returncode for process in processes[1:]] == [0, 0, 0], outs
    trials = postgresql.trials("small")
    assert [trial.number for trial in trials] == list(range(8))
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    runs = [Path(trial.user_attrs["run"]) for trial in trials]
    assert len({run.parents[3].name for run in runs}) >= 3
    reports = list(tmp_path.glob("machine*/sweeps/small/report.html"))
    assert len(reports) == 1, "one of them trains the best anew"


@pytest.mark.service
@pytest.mark.slow
def test_a_postgresql_that_is_started_anew_is_awaited(postgresql: Database, tmp_path: Path):
    with begun(words(tmp_path, f"sweep.storage={postgresql.url}", "sweep.name=awaited", SEARCH_ALONE)) as process:
        training_seen(process, tmp_path / "runs/sweeps/awaited/trials")
        assert postgresql.do("stop").returncode == 0
        time.sleep(3)
        assert postgresql.do("start", str(postgresql.port)).returncode == 0
        out = process.communicate(timeout=280)[0]
    assert process.returncode == 0, out
    trials = postgresql.trials("awaited")
    assert [trial.number for trial in trials] == list(range(TRIALS))
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
