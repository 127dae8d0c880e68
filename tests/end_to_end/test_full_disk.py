"""A disk that takes no more: the command says so in its own words, and leaves nothing half written."""

import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT, Command

LIMITED = """
import resource, sys
most = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
from sightline.cli import main
sys.exit(main(sys.argv[2:]))
"""


def limited(most: int, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command where no file may be larger than that many bytes."""
    words = [sys.executable, "-W", "ignore", "-c", LIMITED, str(most), *arguments, "device=cpu"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 100, 3000])
def test_a_new_run_that_cannot_be_begun_leaves_nothing(tmp_path: Path, most: int):
    done = limited(most, "train", "data=digits", "model=cnn", f"runs_dir={tmp_path}/runs", "tracking=none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("cannot be written: File too large; nothing was begun\n")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 3000])
def test_a_measurement_that_cannot_be_written_is_told_and_the_tracker_is_no_obstacle(
    demo_run: Path, tmp_path: Path, most: int
):
    run = Path(shutil.copytree(demo_run, tmp_path / "runs/run"))
    done = limited(most, "evaluate", f"run={run}", f"runs_dir={tmp_path}/runs", "evaluation.resamples=100")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert "free some space" in last
    assert last.startswith("sightline: ")
    assert list(tmp_path.rglob("*.partial")) == []
    assert (run / "evaluation.json").read_bytes() == (demo_run / "evaluation.json").read_bytes()


@pytest.mark.slow
def test_a_small_disk_that_fills_up_loses_no_words(sightline: Command, demo_run: Path, tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    size = sum(path.stat().st_size for path in demo_run.rglob("*") if path.is_file()) // 1000 + 400
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)]
    mounting = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounting.returncode:
        pytest.skip(f"needs the right to mount a small disk: {mounting.stderr.strip()}")
    try:
        run = Path(shutil.copytree(demo_run, disk / "run"))
        with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as stream:
            while True:
                stream.write(bytes(4096))
        assert shutil.disk_usage(disk).free == 0
        answer = sightline("evaluate", f"run={run}", "evaluation.resamples=100", "device=cpu")
        assert answer.status == 1
        assert answer.err.splitlines()[-1] == (
            f"sightline: {run} cannot grow: No space left on device; free some space, then go on with run=disk/run"
        )
        assert list(disk.rglob("*.partial")) == []
        (disk / "ballast").unlink()
        assert (
            sightline("evaluate", f"run={run}", "evaluation.resamples=100", "device=cpu", "tracking=none").status == 0
        )
    finally:
        subprocess.run(["umount", str(disk)], check=True)
