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
from sightline.sweep.locks import StorageLostError
from sightline.sweep.search import Search
from sightline.sweep.workers import POLL_SECONDS, Resources, WorkerJob, run_worker

GRACE_SECONDS = 60.0
"""That a worker has to save its state."""
STORAGE_SECONDS = 120.0
"""That a storage may be away."""
MOST_STARTS = 5
"""Of a worker in a row that end no trial."""


def supervise(job: WorkerJob, shares: Sequence[Resources], search: Search, show_progress: Callable[[], None]) -> None:
    """Keep a worker at each part of the machine until the study has ended, or the time is over.

    Args:
        job: of every worker.
        shares: of the machine, one for each worker.
        search: the study, as this process sees it.
        show_progress: called several times a second.

    Raises:
        Interrupted: a signal came; the workers have saved their states.
        StorageLostError: the storage stayed away.
        RunFailedError: workers die, or fail, without ending a trial.
    """
    away: float | None = None
    with stop_signal() as stop, _Workers(job, shares, search) as workers:
        while workers.are_busy():
            if stop.number is not None:
                raise Interrupted(stop.number, "states saved")
            try:
                workers.replace_dead()
                show_progress()
            except StorageLostError:
                away = away or time.monotonic()
                if time.monotonic() - away > STORAGE_SECONDS:
                    raise
            else:
                away = None
            time.sleep(POLL_SECONDS)
    show_progress()


class _Workers:
    """The workers. As a context manager it asks whoever still works to save and stop, and does not wait for ever."""

    def __init__(self, job: WorkerJob, shares: Sequence[Resources], search: Search) -> None:
        self._job = job
        self._shares = shares
        self._search = search
        self._ended = search.ended_count()
        self._fruitless_starts = [0] * len(shares)
        self._processes = [self._start(share) for share in shares]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.is_alive():
                process.terminate()
        until = time.monotonic() + GRACE_SECONDS
        for process in self._processes:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def are_busy(self) -> bool:
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
            ended = self._search.ended_count()
            self._fruitless_starts[index] = 0 if ended > self._ended else self._fruitless_starts[index] + 1
            self._ended = ended
            if self._fruitless_starts[index] >= MOST_STARTS:
                raise RunFailedError(f"workers of the sweep end before their trials do; why is in {self._job.log}")
            self._note_death(process)
            self._processes[index] = self._start(self._shares[index])

    def _note_death(self, process: BaseProcess) -> None:
        """Count the death of a worker against the trial it had, if it was killed and did not fail."""
        if (process.exitcode or 0) >= 0:
            return
        name = signal.Signals(-(process.exitcode or 0)).name
        for trial in self._search.trials():
            if process.pid in trial.user_attrs.get("workers", []) and not trial.state.is_finished():
                self._search.count_death(trial.number, f"its process was ended by {name}, perhaps for want of memory")
                logger.warning("sweep: the process of trial %d was ended by %s; it goes on", trial.number, name)

    def _start(self, share: Resources) -> BaseProcess:
        process = multiprocessing.get_context("spawn").Process(target=run_worker, args=(self._job, share))
        process.start()
        return process
