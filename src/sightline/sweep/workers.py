"""The processes that work on a study.

Each takes a trial, works on it and takes the next, until all have ended. It has cores, or a GPU, of its own. One whose
parent dies saves its state and stops.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sightline.config.sweep import SweepConfig
from sightline.errors import SightlineError, UsageError
from sightline.machine.credentials import hidden
from sightline.machine.environment import prepare_environment
from sightline.machine.free_space import refusal_of_the_disk
from sightline.machine.signals import Interrupted, check_stop, listening
from sightline.machine.terminal import log_to, logger, show_log
from sightline.sweep.search import Objective, Search
from sightline.sweep.storage import StudyLocation

POLL_SECONDS = 0.3
"""Seconds between looks for a trial that another process may have left behind."""


@dataclass(frozen=True)
class WorkerJob:
    """What a worker needs to know.

    Attributes:
        config: of the search.
        location: of the study.
        seed: of the sampler.
        until: when to begin no trial but the first, in seconds since 1970.
        log: the file for what goes wrong.
        objective: works on one trial.
        clean_up: removes what an ended trial needs no more.
    """

    config: SweepConfig
    location: StudyLocation
    seed: int
    until: float | None
    log: Path
    objective: Objective
    clean_up: Callable[[int], None]


@dataclass(frozen=True)
class Resources:
    """What of the machine a worker has."""

    cores: tuple[int, ...] | None
    gpu: str | None


def divide_machine(jobs: int, gpus: Sequence[str]) -> list[Resources]:
    """The machine divided: cores evenly, and a GPU each where there are any.

    Raises:
        UsageError: there are fewer cores, or GPUs, than jobs.
    """
    if gpus and jobs > len(gpus):
        raise UsageError(f"sweep.jobs={jobs} takes a GPU each, and there are {len(gpus)}; take fewer, or device=cpu")
    own = [gpus[index] if gpus else None for index in range(jobs)]
    if not hasattr(os, "sched_getaffinity"):
        return [Resources(None, gpu) for gpu in own]
    cores = sorted(os.sched_getaffinity(0))
    if jobs > len(cores):
        raise UsageError(f"sweep.jobs={jobs} takes a core each, and there are {len(cores)}; take fewer")
    return [Resources(tuple(cores[index::jobs]), gpu) for index, gpu in enumerate(own)]


def run_worker(job: WorkerJob, own: Resources) -> None:
    """One worker, from its start to its end."""
    os.setpgid(0, 0)  # a terminal's Ctrl-C is for the parent, which passes it on once
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if own.cores is not None:
        os.sched_setaffinity(0, own.cores)
    if own.gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = own.gpu
    prepare_environment()
    show_log(silent=True)
    logger.setLevel(logging.INFO)
    try:
        with listening():
            _work_on_trials(job)
    except Interrupted as stop:
        raise SystemExit(stop.status) from stop
    except SightlineError as error:
        _tell(job.log, str(error))
        raise SystemExit(error.status) from error
    except Exception as error:
        refused = refusal_of_the_disk(error) if isinstance(error, OSError) else None
        _tell(job.log, refused or traceback.format_exc())
        raise SystemExit(1) from error


def _tell(log: Path, text: str) -> None:
    """Write why a worker ends into the log of the sweep; on the terminal, where that takes no more."""
    try:
        with log_to(log):
            logger.error("sweep: %s", text)
    except OSError:
        sys.stderr.write(f"sightline: sweep: {hidden(text)}\n")


def _work_on_trials(job: WorkerJob) -> None:
    search = Search(job.config, job.location, job.seed)
    while not search.is_complete():
        check_stop()
        if job.until is not None and time.time() > job.until and search.ended_count():
            return
        claimed = search.claim()
        if claimed is None:  # the last trials are others' work; should one of them die, its trial is there to be taken
            time.sleep(POLL_SECONDS)
            continue
        search.note(claimed, workers=[*claimed.trial.user_attrs.get("workers", []), os.getpid()])
        began = time.perf_counter()
        outcome = job.objective(search, claimed)
        search.note(claimed, seconds=round(time.perf_counter() - began, 2))
        search.end(claimed, outcome)
        job.clean_up(claimed.number)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
