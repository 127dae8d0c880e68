"""A run that may be read and not written: answers come, results are refused before any work."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT, Answer, Command

CAPABILITIES = "-dac_override,-dac_read_search,-fowner"
"""What lets root write where nobody may."""


def as_a_person(*arguments: str) -> Answer:
    """The command without the rights of root."""
    words = [sys.executable, "-m", "sightline", *arguments, "device=cpu"]
    if os.geteuid() == 0:
        words = ["setpriv", f"--bounding-set={CAPABILITIES}", *words]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def read_only(demo_run: Path, tmp_path: Path) -> Iterator[Path]:
    """A run that nobody has the right to write."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root can write everywhere, and there is no setpriv to do without")
    run = Path(shutil.copytree(demo_run, tmp_path / "run"))
    places = [run, *run.rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    yield run
    for place in places:
        place.chmod(0o755 if place.is_dir() else 0o644)


@contextmanager
def mounted(run: Path, place: Path) -> Iterator[Path]:
    """A run where the drive takes no writing."""
    place.mkdir()
    for words in (["--bind", str(run), str(place)], ["-o", "remount,ro,bind", str(place)]):
        done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"needs the right to mount: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_predict_writes_nothing_into_the_run(read_only: Path, bars: Path, tmp_path: Path):
    image = bars / "lying/00.png"
    answer = as_a_person("predict", f"run={read_only}", f"input={image}", f"output={tmp_path / 'out'}")
    assert answer.status == 0, answer.err
    assert f"\n{image}  " in answer.out
    assert (tmp_path / "out/predictions.csv").is_file()


@pytest.mark.parametrize(
    "words", [("evaluate",), ("report",), ("demo", "training.epochs=2", "evaluation.resamples=100")]
)
def test_what_would_write_is_refused(read_only: Path, words: tuple[str, ...]):
    answer = as_a_person(*words, f"run={read_only}", "tracking=none")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith(f"sightline: {read_only} cannot be written")
    assert len(answer.err.splitlines()) == 1


def test_an_evaluation_says_that_its_ledger_takes_no_line(read_only: Path):
    answer = as_a_person("evaluate", f"run={read_only}", "tracking=none")
    assert answer.err == (
        f"sightline: {read_only} cannot be written, so its use of the test labels cannot be entered; "
        "make it writable, or copy it and take the copy\n"
    )


@pytest.mark.slow
def test_a_report_and_a_comparison_go_elsewhere(read_only: Path, tmp_path: Path):
    before = files(read_only)
    answer = as_a_person("report", f"run={read_only}", f"output={tmp_path / 'page'}")
    assert answer.status == 0, answer.err
    made = files(tmp_path / "page")
    assert {"report.html", "model_card.md"} <= made.keys()
    assert len(made["report.html"]) > 100_000, "its figures are within"
    answer = as_a_person("compare", f"run=[{read_only}]", f"output={tmp_path / 'compared'}", "compare.resamples=100")
    assert answer.status == 0, answer.err
    (use,) = map(json.loads, files(tmp_path / "compared")["test_ledger.jsonl"].splitlines())
    assert use["purpose"] == f"compare with other runs: {read_only}, which may only be read"
    assert use["measured"] == json.loads(before["test_ledger.jsonl"].splitlines()[0])["measured"]
    assert files(read_only) == before


@pytest.mark.slow
def test_what_is_new_to_a_ledger_that_takes_no_line_is_refused_before_any_is_written(
    read_only: Path, demo_run: Path, tmp_path: Path
):
    other = Path(shutil.copytree(demo_run, tmp_path / "other"))
    facts = json.loads((other / "provenance.json").read_text())
    (other / "provenance.json").write_text(json.dumps({**facts, "config_hash": "another"}))
    ledger = read_only / "test_ledger.jsonl"
    ledger.chmod(0o644)
    ledger.write_text(json.dumps({"time": "t", "stage": "evaluate", "purpose": "of an earlier version"}) + "\n")
    ledger.chmod(0o444)
    before = files(tmp_path)
    words = ("compare", f"run=[{other},{read_only}]", f"output={tmp_path / 'compared'}", "compare.resamples=100")
    answer = as_a_person(*words)
    assert (answer.status, f"{ledger} cannot be written, so this use of the test labels" in answer.err) == (2, True)
    assert files(tmp_path) == before


def test_on_a_drive_that_is_read_only_whatever_reads_works(
    sightline: Command, demo_run: Path, bars: Path, tmp_path: Path
):
    before = files(demo_run)
    with mounted(demo_run, tmp_path / "drive") as run:
        words = {
            "predict": (f"run={run}", f"input={bars}/lying/00.png"),
            "report": (f"run={run}",),
            "compare": (f"run=[{run}]", "compare.resamples=100"),
        }
        answers = {mode: sightline(mode, *words[mode], f"output={tmp_path / mode}", "device=cpu") for mode in words}
        refused = sightline("evaluate", f"run={run}", "tracking=none")
    assert {mode: answer.status for mode, answer in answers.items()} == dict.fromkeys(words, 0), answers
    assert (refused.status, "its use of the test labels cannot be entered" in refused.err) == (2, True)
    assert files(demo_run) == before
