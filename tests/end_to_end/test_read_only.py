"""A run that may be read and not written: answers come, results are refused before any work."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Answer

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
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root can write everywhere, and there is no setpriv to do without")
    run = Path(shutil.copytree(demo_run, tmp_path / "run"))
    places = [run, *run.rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    yield run
    for place in places:
        place.chmod(0o755 if place.is_dir() else 0o644)


def test_predict_writes_nothing_into_the_run(read_only: Path, bars: Path, tmp_path: Path):
    image = bars / "lying/00.png"
    answer = as_a_person("predict", f"run={read_only}", f"input={image}", f"output={tmp_path / 'out'}")
    assert answer.status == 0, answer.err
    assert answer.out.startswith(f"{image}  ")
    assert (tmp_path / "out/predictions.csv").is_file()


@pytest.mark.parametrize(
    "words", [("evaluate",), ("report",), ("demo", "training.epochs=2", "evaluation.resamples=100")]
)
def test_what_would_write_is_refused(read_only: Path, words: tuple[str, ...]):
    answer = as_a_person(*words, f"run={read_only}", "tracking=none")
    assert (answer.status, answer.out) == (2, "")
    assert answer.err.startswith(f"sightline: {read_only} cannot be written")
    assert len(answer.err.splitlines()) == 1


def test_a_comparison_names_the_ledger_that_it_cannot_write(read_only: Path, tmp_path: Path):
    answer = as_a_person("compare", f"run={read_only}", f"runs_dir={tmp_path / 'runs'}")
    assert answer.status != 0
    assert answer.err.strip().splitlines()[-1] == (
        f"sightline: {read_only}/test_ledger.jsonl cannot be opened or written: Permission denied"
    )
