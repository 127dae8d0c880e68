"""Follows a command from one write point to the next, and has happen to it what the plan says."""

import os
import select
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.invariants.faults import syscalls
from tests.invariants.faults.plans import NEEDS_SPACE, NUMBERS, Job, Outcome, Point
from tests.invariants.faults.states import States, spelled
from tests.invariants.faults.syscalls import Call


class Observer:
    """Answers the system calls of a command and of the processes that it starts.

    Args:
        job: what is run and what goes wrong.
        process: that leads its group.
        listener: that its calls come from.
        outcome: takes down what is seen.
    """

    def __init__(self, job: Job, process: int, listener: int, outcome: Outcome) -> None:
        self._job = job
        self._process = process
        self._listener = listener
        self._outcome = outcome
        self._seen: Counter[tuple[str, str]] = Counter()
        self._is_full = False
        self._cut: set[int] = set()
        self._last: Call | None = None
        self._states = States(job.states) if job.states is not None else None

    def follow(self) -> bool:
        """Answer until the last process has ended; false where that did not happen in time."""
        until = time.monotonic() + self._job.seconds
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while time.monotonic() < until:
            for _, event in poll.poll(1000):
                if event & select.POLLHUP:
                    return True
                try:
                    call = syscalls.receive(self._listener)
                except (FileNotFoundError, ProcessLookupError):  # killed while it was looked at
                    continue
                if call is not None:
                    self._answer(call)
        return False

    def _answer(self, call: Call) -> None:
        if call.thread in self._cut:
            self._cut.discard(call.thread)
            syscalls.limit_file_size(call.thread, None)
        if call.path is None or not call.path.is_relative_to(self._job.root):
            syscalls.let_pass(self._listener, call)
            return
        point = self._point(call)
        self._outcome.points.append(point)
        if self._states is not None:
            self._settle(call)
            self._keep_states(self._states, call, point)
        if self._job.kill_at == len(self._outcome.points) - 1:
            os.killpg(self._process, signal.SIGKILL)
            return
        if self._goes_wrong(call, point):
            return
        if call.name in syscalls.SYNCS:  # whether it is on the disk matters to a power cut alone
            syscalls.succeed(self._listener, call)
        else:
            syscalls.let_pass(self._listener, call)

    def _point(self, call: Call) -> Point:
        assert call.path is not None
        path = spelled(call.path.relative_to(self._job.root))
        self._seen[call.name, path] += 1
        return Point(call.name, path, self._seen[call.name, path] - 1)

    def _goes_wrong(self, call: Call, point: Point) -> bool:
        """Refuse the call where the plan says so."""
        if self._job.fault is None:
            return False
        kind, where = self._job.fault
        if point == where:
            self._outcome.hit = True
            self._is_full = kind == "full"
            if self._is_full and self._cut_short(call):
                return True
            if kind == "error" or self._is_refused(call):
                syscalls.fail(self._listener, call, NUMBERS[kind])
                return True
            return False
        if self._is_full and self._is_refused(call):
            syscalls.fail(self._listener, call, NUMBERS[kind])
            return True
        return False

    def _is_refused(self, call: Call) -> bool:
        if call.name not in NEEDS_SPACE:
            return False
        if call.name in syscalls.OPEN_FLAGS:
            assert call.path is not None
            creates = call.arguments[syscalls.OPEN_FLAGS[call.name]] & os.O_CREAT
            return bool(creates) and not call.path.exists()
        return True

    def _cut_short(self, call: Call) -> bool:
        """Let half of a write come through; false where the call is none, or too small."""
        if call.name not in syscalls.WRITES:
            return False
        start, count = syscalls.written_range(call)
        if count < 2:
            return False
        syscalls.limit_file_size(call.thread, start + count // 2)
        self._cut.add(call.thread)
        syscalls.let_pass(self._listener, call)
        return True

    def _settle(self, call: Call) -> None:
        """Wait until the call that another thread was let pass has been carried out."""
        last, self._last = self._last, call
        until = time.monotonic() + 1
        while last and last.thread != call.thread and time.monotonic() < until:
            with suppress(OSError):  # its thread has ended
                if Path(f"/proc/{last.thread}/syscall").read_text().split()[0] == str(last.number):
                    continue
            return

    def _keep_states(self, states: States, call: Call, point: Point) -> None:
        """What a kill leaves before this call, and halfway through it."""
        kills, root = self._outcome.kills, self._job.root
        kills.append((point, states.keep(root)))
        if call.name in syscalls.WRITES and call.path is not None and call.path.is_file():
            start, count = syscalls.written_range(call)
            if count > 1:
                with _torn(call.path, start, syscalls.written_bytes(call)[: count // 2]):
                    kills.append((point, states.keep(root)))


@contextmanager
def _torn(path: Path, start: int, half: bytes) -> Iterator[None]:
    """Half of a write is done, and then it is not."""
    before, times = path.read_bytes(), path.stat()
    with path.open("r+b") as stream:
        stream.seek(start)
        stream.write(half)
    yield
    with path.open("r+b") as stream:
        stream.write(before)
        stream.truncate(len(before))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
