"""The other side of `server`: asks it to run commands."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from tests.conftest import ROOT
from tests.invariants.faults.plans import Job, Outcome


class Server:
    """Runs commands in forks of a process that has imported everything.

    Args:
        folder: for what they print.
    """

    def __init__(self, folder: Path) -> None:
        here, there = socket.socketpair()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
        environment |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.invariants.faults.server", str(there.fileno()), str(folder)],
            cwd=ROOT, env=environment, pass_fds=[there.fileno()],
        )  # fmt: skip
        there.close()
        self._connection = Connection(here.detach())

    def run(self, job: Job) -> Outcome:
        """Run a command to its end."""
        self._connection.send(job)
        outcome = self._connection.recv()
        assert isinstance(outcome, Outcome)
        return outcome

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.wait(60)


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A server for the time of a block."""
    found = Server(folder)
    try:
        yield found
    finally:
        found.close()
