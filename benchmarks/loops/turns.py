"""Steps of a whole command and of another training in turn, in one process."""

import time
from typing import Protocol

import torch

from benchmarks.loops.bare import synchronise
from benchmarks.loops.sightline import Row

WARM_UP = 3


class Stepping(Protocol):
    """A training that can be asked for a single step."""

    def step(self) -> float:
        """One step; its loss."""
        ...


class Turns:
    """Times real steps, and those of another training between them.

    Args:
        other: the other training.
        device: of both.
        seconds: of real steps that are enough.
    """

    def __init__(self, other: Stepping, device: torch.device, seconds: float) -> None:
        self._other, self._device, self._enough = other, device, seconds
        self._last: Row | None = None
        self._resumed = 0.0
        self.real: list[float] = []
        self.other: list[float] = []

    def __call__(self, row: Row) -> bool:
        """A real step has written its row; true when enough was timed."""
        synchronise(self._device)
        stopped = time.perf_counter()
        within = self._last is not None and self._last["epoch"] == row["epoch"]
        self._other.step()
        synchronise(self._device)
        if within and row["step"] > WARM_UP:
            self.real.append(stopped - self._resumed)
            self.other.append(time.perf_counter() - stopped)
        self._last, self._resumed = row, time.perf_counter()
        return sum(self.real) >= self._enough
