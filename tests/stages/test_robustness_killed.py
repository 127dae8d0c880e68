"""Kill -9 while robustness is measured: the same command goes on and ends with the same numbers."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, Command

ASKED = (
    "robustness.corruptions=[contrast,fog]", "robustness.severities=[2,4]", "robustness.attacked=13",
    "robustness.steps=12", "robustness.queries=40", "robustness.budget=24", "robustness.shifts=[1]",
    "robustness.rotations=[15]", "robustness.noise=[sign]", "tracking=none",
)  # fmt: skip
AFTER = ("fog_2.npz", "shift_1.npz", "attack_pgd.npz", "attack_square.npz")
"""Each process is killed a little after it wrote one of these."""


def killed_after(run: Path, file: str, pause: float) -> None:
    """Start the mode, and kill it a little after a file of the run is there."""
    words = [sys.executable, "-m", "sightline", "robustness", f"run={run}", *ASKED]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 300
        while not (run / "robustness" / file).exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(pause)
        assert process.poll() is None, process.communicate()[1]
        os.kill(process.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_among_conditions_and_attacks_change_nothing(sightline: Command, run: Path, tmp_path: Path):
    killed = Path(shutil.copytree(run, tmp_path / "killed"))
    rng = np.random.default_rng(time.time_ns())  # other moments each time: the claim is for any
    pauses = rng.uniform(0.0, 0.1, len(AFTER))
    for file, pause in zip(AFTER, pauses, strict=True):
        killed_after(killed, file, float(pause))
    for one in (run, killed):
        answer = sightline("robustness", f"run={one}", *ASKED)
        assert answer.status == 0, answer.err
    assert (run / "robustness.json").read_bytes() == (killed / "robustness.json").read_bytes(), pauses.tolist()
    for path in sorted((run / "robustness").iterdir()):
        ours, theirs = (dict(np.load(folder / "robustness" / path.name)) for folder in (run, killed))
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[name], theirs[name]) for name in ours), path.name
