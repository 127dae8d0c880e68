"""Where the time of a training step goes: a table for reading, a trace for chrome://tracing or Perfetto."""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

import torch
from torch.profiler import profile

from sightline.machine.terminal import logger
from sightline.run.folder import Run

WARM_UP = 3
"""Steps before the profile: the first ones allocate, choose algorithms and compile."""
ROWS = 40


class StepProfiler:
    """Profiles a few steps of a training once it has warmed up.

    Args:
        run: gets `profile.txt` and `profile.json.gz`.
        steps: how many are profiled; None profiles nothing.
    """

    def __init__(self, run: Run, steps: int | None) -> None:
        self._run = run
        self._left = steps
        self._warm_up = WARM_UP
        self._profile: profile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._profile is not None:
            self._write()

    def step(self) -> None:
        """To be called before each step."""
        if self._left is None:
            return
        if self._warm_up:
            self._warm_up -= 1
        elif self._profile is None:
            self._profile = profile()
            self._profile.start()
        elif self._left > 1:
            self._left -= 1
        else:
            self._write()

    def _write(self) -> None:
        assert self._profile is not None
        self._profile.stop()
        slowest = f"self_{'device' if torch.cuda.is_available() else 'cpu'}_time_total"
        self._run.save_text("profile.txt", self._profile.key_averages().table(sort_by=slowest, row_limit=ROWS))
        with TemporaryDirectory() as folder:
            trace = Path(folder) / "trace.json"
            self._profile.export_chrome_trace(str(trace))
            self._run.save_bytes("profile.json.gz", gzip.compress(trace.read_bytes(), mtime=0))
        logger.info("profile: %s", self._run.path / "profile.txt")
        self._left = self._profile = None
