"""Watches over the workers of a sweep: one that dies is replaced, a storage that is away is awaited."""

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from typing import Self

from sightline.errors import RunFailedError
from sightline.machine.signals import Interrupted, stop_signal
from sightline.machine.terminal import logger
from sightline.sweep.claims import StorageLostError
from sightline.sweep.search import Search
from sightline.sweep.workers import POLL, Share, Work, run_worker

GRACE, PATIENCE, MOST_STARTS = 60.0, 120.0, 5
"""Seconds a worker has to save its state; seconds a storage may be away; starts in a row that end no trial."""


def supervise(work: Work, parts: Sequence[Share], search: Search, look: Callable[[], None]) -> None:
    """Keep a worker at each part of the machine until the study has ended, or the time is over.

    Args:
        work: for every worker.
        parts: of the machine.
        search: the study, as this process sees it.
        look: called several times a second.

    Raises:
        Interrupted: a signal came; the workers have saved their states.
        StorageLostError: the storage stayed away.
        RunFailedError: workers die, or fail, without ending a trial.
    """
    away: float | None = None
    with stop_signal() as stop, _Crew(work, parts, search) as crew:
        while crew.works():
            if stop.number is not None:
                raise Interrupted(stop.number, "states saved")
            try:
                crew.replace_dead()
                look()
            except StorageLostError:
                away = away or time.monotonic()
                if time.monotonic() - away > PATIENCE:
                    raise
            else:
                away = None
            time.sleep(POLL)
    look()


class _Crew:
    """The workers. As a context manager it asks whoever still works to save and stop, and does not wait for ever."""

    def __init__(self, work: Work, parts: Sequence[Share], search: Search) -> None:
        self._work, self._parts, self._search = work, parts, search
        self._ended = search.ended()
        self._in_vain = [0] * len(parts)
        self._processes = [self._start(part) for part in parts]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.is_alive():
                process.terminate()
        until = time.monotonic() + GRACE
        for process in self._processes:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def works(self) -> bool:
        """Whether any worker is at work, or died at it."""
        return any(process.is_alive() or process.exitcode for process in self._processes)

    def replace_dead(self) -> None:
        """Start a worker anew that died or failed.

        Raises:
            RunFailedError: that happened too often in a row.
        """
        for index, process in enumerate(self._processes):
            if process.is_alive() or process.exitcode == 0:
                continue
            before, self._ended = self._ended, self._search.ended()
            self._in_vain[index] = 0 if self._ended > before else self._in_vain[index] + 1
            if self._in_vain[index] >= MOST_STARTS:
                raise RunFailedError(f"workers of the sweep end before their trials do; why is in {self._work.log}")
            self._note_death(process)
            self._processes[index] = self._start(self._parts[index])

    def _note_death(self, process: BaseProcess) -> None:
        """Count the death of a worker against the trial it had, if it was killed and did not fail."""
        if (process.exitcode or 0) >= 0:
            return
        name = signal.Signals(-(process.exitcode or 0)).name
        for trial in self._search.trials():
            if process.pid in trial.user_attrs.get("workers", []) and not trial.state.is_finished():
                self._search.count_death(trial.number, f"its process was ended by {name}, perhaps for want of memory")
                logger.warning("sweep: the process of trial %d was ended by %s; it goes on", trial.number, name)

    def _start(self, part: Share) -> BaseProcess:
        process = multiprocessing.get_context("spawn").Process(target=run_worker, args=(self._work, part))
        process.start()
        return process
