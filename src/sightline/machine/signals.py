"""Signals that ask a command to stop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to stop; the message says what was saved and how to go on."""

    def __init__(self, number: int, message: str = "") -> None:
        super().__init__(message)
        self.status = 128 + number


class StopSignal:
    """Remembers SIGINT or SIGTERM so that the loop can stop between two steps; a second one stops at once."""

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note the signal."""
        if self.number is not None:
            raise Interrupted(number)
        self.number = number


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """Catch SIGINT and SIGTERM while a block runs; outside the main thread, catch nothing."""
    stop = StopSignal()
    with _handling(stop, signal.SIGINT, signal.SIGTERM):
        yield stop


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Have SIGTERM end a block as Ctrl-C does: the first process of a container does not hear it otherwise."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    with _handling(end, signal.SIGTERM):
        yield


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None], *numbers: int) -> Iterator[None]:
    try:
        before = {number: signal.signal(number, handler) for number in numbers}
    except ValueError:  # not the main thread
        before = {}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
