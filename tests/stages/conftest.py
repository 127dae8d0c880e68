"""One finished run on 64 images, and a way to run one stage on a copy of it."""

import json
import shutil
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from sightline.config.stages import STAGES
from sightline.run.lock import LOCK
from sightline.run.ownership import MARKER
from tests.conftest import Command

SMALL = (
    *("model.width=8", "image_size=32", "training.epochs=1", "training.batch_size=16", "tracking=none"),
    *(
        "data.val_fraction=0.2",
        "data.calibration_fraction=0.2",
        "evaluation.resamples=100",
        "calibration.resamples=100",
    ),
)
OF_EVERY_STAGE = ("log.txt", "figures/*.png", "test_ledger.jsonl")

Stage = Callable[..., set[str]]
"""Run a mode of one stage on a run; the files that it wrote."""


@pytest.fixture(scope="session")
def on_bars(bars: Path) -> tuple[str, ...]:
    """The words of a small training on the 64 images."""
    return ("cnn", "data=folder", f"data.root={bars}", *SMALL)


@pytest.fixture(scope="session")
def finished(sightline: Command, on_bars: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was trained, calibrated and measured; tests copy it."""
    runs = tmp_path_factory.mktemp("finished")
    words = ("train", *on_bars, "model.drop_rate=0.2", "mode.stages=[validate,train,calibrate,evaluate]")
    answer = sightline(*words, f"runs_dir={runs}")
    assert answer.status == 0, answer.err
    return (runs / "latest").resolve()


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def stage(sightline: Command) -> Stage:
    """Runs one stage on a finished run, and sees that it writes what its row in the table of stages says."""

    def call(name: str, run: Path, *words: str) -> set[str]:
        before = times(run)
        answer = sightline(name, f"run={run}", f"mode.stages=[{name}]", "tracking=none", *words)
        assert answer.status == 0, answer.err
        written = {file for file, time in times(run).items() if before.get(file) != time}
        assert not strangers(name, written)
        return written

    return call


def times(run: Path) -> dict[str, int]:
    """When each file of a run was last written, but for those that say whose it is and who writes it."""
    files = (file for file in run.rglob("*") if file.is_file() and file.name not in {LOCK, MARKER})
    return {str(file.relative_to(run)): file.stat().st_mtime_ns for file in files}


def strangers(name: str, files: set[str]) -> set[str]:
    """Those that the row of a stage does not say it writes."""
    row = STAGES[name]
    patterns = (*row.artifacts, *row.local_files, *OF_EVERY_STAGE)
    return {file for file in files if not any(fnmatchcase(file, pattern) for pattern in patterns)}


def load(run: Path, name: str) -> Any:
    """A JSON file of a run."""
    return json.loads((run / name).read_text())


def ledger(run: Path) -> list[Any]:
    """Each time that test labels were read."""
    path = run / "test_ledger.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def looks_at_test_labels(run: Path) -> int:
    """How often the ledger says that test labels were read."""
    return len(ledger(run))
