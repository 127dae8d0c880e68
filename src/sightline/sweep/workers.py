"""The processes that work on a study, and the one that watches over them.

Each worker takes a trial, works on it and takes the next, until all have ended. It has cores, or a GPU, of its own. One
that dies is replaced; one whose parent dies saves its state and stops.
"""

import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from sightline.config.sweep import SweepConfig
from sightline.errors import RunFailedError, SightlineError, UsageError
from sightline.runtime import Interrupted, prepare_environment, stop_signal
from sightline.sweep.search import Objective, Search
from sightline.sweep.storage import Place
from sightline.terminal import log_to, logger, show_log

POLL, GRACE, MOST_STARTS = 0.3, 60.0, 5
"""Seconds between looks; seconds a worker has to save its state; starts in a row that end no trial."""


@dataclass(frozen=True)
class Work:
    """What a worker needs to know.

    Attributes:
        config: of the search.
        place: where the study is.
        seed: of the sampler.
        until: when to begin no further trial, in seconds since 1970.
        log: the file for what goes wrong.
        objective: works on one trial.
        tidy: lets go of what an ended trial needs no more.
    """

    config: SweepConfig
    place: Place
    seed: int
    until: float | None
    log: Path
    objective: Objective
    tidy: Callable[[int], None]


@dataclass(frozen=True)
class Share:
    """What of the machine a worker has."""

    cores: tuple[int, ...] | None
    gpu: str | None


def shares(jobs: int, gpus: Sequence[str]) -> list[Share]:
    """The machine divided: cores evenly, and a GPU each where there are any.

    Raises:
        UsageError: there are fewer cores, or GPUs, than jobs.
    """
    if gpus and jobs > len(gpus):
        raise RunFailedError(
            f"sweep.jobs={jobs} takes a GPU each, and there are {len(gpus)}; take fewer, or device=cpu"
        )
    own = [gpus[index] if gpus else None for index in range(jobs)]
    if not hasattr(os, "sched_getaffinity"):
        return [Share(None, gpu) for gpu in own]
    cores = sorted(os.sched_getaffinity(0))
    if jobs > len(cores):
        raise UsageError(f"sweep.jobs={jobs} takes a core each, and there are {len(cores)}; take fewer")
    return [Share(tuple(cores[index::jobs]), gpu) for index, gpu in enumerate(own)]


def supervise(work: Work, parts: Sequence[Share], search: Search, look: Callable[[], None]) -> None:
    """Keep a worker at each part of the machine until the study has ended, or the time is over.

    Args:
        work: for every worker.
        parts: of the machine.
        search: the study, as this process sees it.
        look: called several times a second.

    Raises:
        Interrupted: a signal came; the workers have saved their states.
        RunFailedError: workers die, or fail, without ending a trial.
    """
    processes = [_start(work, part) for part in parts]
    in_vain = [0] * len(parts)
    ended = _ended(search)
    with stop_signal() as stop, _stopping(processes):
        while any(process.is_alive() or process.exitcode for process in processes):
            if stop.number is not None:
                raise Interrupted(stop.number, "states saved")
            for index, process in enumerate(processes):
                if process.is_alive() or process.exitcode == 0:
                    continue
                before, ended = ended, _ended(search)
                in_vain[index] = 0 if ended > before else in_vain[index] + 1
                if in_vain[index] >= MOST_STARTS:
                    raise RunFailedError(f"workers of the sweep end before their trials do; why is in {work.log}")
                _note_death(search, process)
                processes[index] = _start(work, parts[index])
            look()
            time.sleep(POLL)
    look()


def _ended(search: Search) -> int:
    return sum(trial.state.is_finished() for trial in search.trials())


def _note_death(search: Search, process: BaseProcess) -> None:
    """Count the death of a worker against the trial it had, if it was killed and did not fail."""
    code = process.exitcode or 0
    if code >= 0:
        return
    name = signal.Signals(-code).name
    for trial in search.trials():
        if process.pid in trial.user_attrs.get("workers", []) and not trial.state.is_finished():
            search.count_death(trial.number, f"its process was ended by {name}, perhaps for want of memory")
            logger.warning("sweep: the process of trial %d was ended by %s; it is started again", trial.number, name)


def _start(work: Work, part: Share) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(work, part))
    process.start()
    return process


@contextmanager
def _stopping(processes: list[BaseProcess]) -> Iterator[None]:
    """Ask whoever still works to save and stop, and do not wait for ever."""
    try:
        yield
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
        until = time.monotonic() + GRACE
        for process in processes:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


def _work(work: Work, part: Share) -> None:
    """One worker, from its start to its end."""
    os.setpgid(0, 0)  # a terminal's Ctrl-C is for the parent, which passes it on once
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if part.cores is not None:
        os.sched_setaffinity(0, part.cores)
    if part.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = part.gpu
    prepare_environment()
    show_log(silent=True)
    logger.setLevel(logging.INFO)
    try:
        _trials(work)
    except Interrupted as stop:
        raise SystemExit(stop.status) from stop
    except SightlineError as error:
        with log_to(work.log):
            logger.error("sweep: %s", error)
        raise SystemExit(error.status) from error
    except Exception as error:
        with log_to(work.log):
            logger.error("sweep: %s", traceback.format_exc())
        raise SystemExit(1) from error


def _trials(work: Work) -> None:
    search = Search(work.config, work.place, work.seed)
    while not search.asked_and_ended():
        if work.until is not None and time.time() > work.until:
            return
        claimed = search.claim()
        if claimed is None:  # the last trials are others' work; should one of them die, its trial is there to be taken
            time.sleep(POLL)
            continue
        search.note(claimed, workers=[*claimed.trial.user_attrs.get("workers", []), os.getpid()])
        began = time.perf_counter()
        outcome = work.objective(search, claimed)
        search.note(claimed, seconds=round(time.perf_counter() - began, 2))
        search.end(claimed, outcome)
        work.tidy(claimed.number)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
