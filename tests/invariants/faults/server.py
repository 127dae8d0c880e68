"""A process that has imported all that commands need, and forks for each.

`python -m tests.invariants.faults.server DESCRIPTOR FOLDER`, of a connection and for what commands print. A command
that runs in a fork is the command as a person calls it, less the seconds of its imports. Its clocks stand still or
count, so that equal trainings leave equal bytes.
"""

import faulthandler
import functools
import io
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, tzinfo
from itertools import count
from multiprocessing import context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from omegaconf import DictConfig
from PIL import Image

from tests.invariants.faults import syscalls
from tests.invariants.faults.observer import Observer
from tests.invariants.faults.plans import Job, Outcome

STAGES = ("train", "validate", "calibrate", "evaluate", "explain", "report", "compare")
MODULES = (
    "sightline.cli", "sightline.commands.sweep", "sightline.inference.cost", "sightline.reporting.figures",
    *(f"sightline.stages.{name}" for name in STAGES), "torch.optim", "torchvision", "timm", "sklearn.datasets",
    "scipy.stats", "scipy.optimize", "optuna", "matplotlib.pyplot",
)  # fmt: skip


class Clock(datetime):
    """It is always the same moment."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 1, 1, tzinfo=tz)


def steady_clocks() -> None:
    """Have seconds count looks at the clock, and the day stand still."""
    from sightline.machine import provenance
    from sightline.run import folder

    ticks = count()
    time.perf_counter = lambda: next(ticks) / 1000
    provenance.datetime = folder.datetime = Clock


def compose_once() -> None:
    """Have equal overrides composed once, which takes longer than a small command does."""
    from sightline import cli

    compose, known = cli.compose, {}

    def composed(name: str, overrides: list[str]) -> DictConfig:
        key = tuple(overrides)
        if key not in known:
            known[key] = compose(name, overrides)
        return known[key]

    cli.compose = composed


def compose_here(arguments: Sequence[str]) -> None:
    """Compose a command, so that its forks have it."""
    from sightline import cli

    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        cli.main([*arguments, "--cfg", "job"])


def lose_no_time() -> None:
    """Draw no pictures, each is the same few bytes: that one is written matters, not what it shows. Wait for nobody."""
    from sightline.inference import cost
    from sightline.reporting import figures
    from sightline.sweep import supervisor, workers

    content = io.BytesIO()
    Image.new("RGB", (2, 2)).save(content, "png")

    def draw(*_: object, **__: object) -> bytes:
        return content.getvalue()

    for name in figures.__all__:
        setattr(figures, name, functools.update_wrapper(functools.partial(draw), getattr(figures, name)))
    cost.SECONDS, supervisor.STORAGE_SECONDS = 0.001, 1.0
    supervisor.POLL_SECONDS = workers.POLL_SECONDS = 0.02


def fork_workers() -> None:
    """Have processes that a sweep starts be forks as well: they would import everything anew."""
    context._concrete_contexts["spawn"] = context._concrete_contexts["fork"]


def run_command(job: Job, channel: socket.socket, folder: Path) -> None:
    """In a fork: become the command. Does not return."""
    os.setsid()
    for number, name in ((0, os.devnull), (1, folder / "out"), (2, folder / "err")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    status = 1
    try:
        faulthandler.enable()
        steady_clocks()
        fork_workers()
        listener = syscalls.watch_this_process()
        socket.send_fds(channel, [b"."], [listener])
        os.close(listener)
        channel.close()
        from sightline.cli import main

        status = main(job.arguments)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        if error := sys.exception():
            traceback.print_exception(error)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def do(job: Job, folder: Path) -> Outcome:
    """Run a job in a fork, and follow it to its end."""
    outcome = Outcome()
    here, there = socket.socketpair()
    process = os.fork()
    if not process:
        here.close()
        run_command(job, there, folder)
    there.close()
    _, listeners, _, _ = socket.recv_fds(here, 1, 1)
    here.close()
    if listeners:
        ended = Observer(job, process, listeners[0], outcome).follow()
        if not ended:
            os.killpg(process, signal.SIGKILL)
        os.close(listeners[0])
        outcome.status = 124 if not ended else 0
    _, code = os.waitpid(process, 0)
    outcome.status = outcome.status or os.waitstatus_to_exitcode(code)
    outcome.out, outcome.err = ((folder / name).read_text(errors="replace") for name in ("out", "err"))
    return outcome


def serve(connection: Connection, folder: Path) -> None:
    """Do one job after the other until the other side hangs up."""
    for name in MODULES:
        __import__(name)
    compose_once()
    lose_no_time()
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        compose_here(job.arguments)
        connection.send(do(job, folder))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), Path(sys.argv[2]))
