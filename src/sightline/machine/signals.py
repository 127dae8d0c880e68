"""Signals that ask a command to stop: noted at once, obeyed between batches and between stages (`stop.py` says why)."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sightline.machine.stop import ANEW, ASKED_BY, Interrupted, StopSignal

__all__ = [
    "ANEW",
    "Interrupted",
    "StopSignal",
    "check_stop",
    "close_after_stop",
    "going_on",
    "listening",
    "remedy_or",
    "stop_signal",
]

_current: StopSignal | None = None
"""Of the command at work in this process."""


@contextmanager
def listening() -> Iterator[None]:
    """Have SIGINT, SIGTERM and SIGHUP stop the command that is this block; outside the main thread, do nothing.

    A SIGHUP that whoever started the command chose to ignore, as `nohup` does, stays ignored.
    """
    global _current
    before, stop = _current, StopSignal()
    stop.remedy = ANEW
    with _handling(stop) as is_heard:
        if not is_heard:
            yield
            return
        _current = stop
        try:
            with stop.watched(), _thrown_away_told(stop):
                yield
        finally:
            _current = before


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """Only note a first signal while a block runs, which looks at its number and saves first."""
    if _current is not None:
        with _current.waiting():
            yield _current
        return
    stop = StopSignal()
    with _handling(stop):
        yield stop


def check_stop() -> None:
    """Raise if a signal asked the command to stop: between batches, between stages, wherever nothing is half done.

    Raises:
        Interrupted: one did.
    """
    if _current is not None:
        _current.check()


def close_after_stop() -> None:
    """Say that the command has stopped, and is only parting from what it used."""
    if _current is not None:
        _current.close()


@contextmanager
def going_on(remedy: str) -> Iterator[None]:
    """Say how the command goes on that is stopped in this block; the outermost block knows what was typed."""
    stop = _current
    if stop is None or stop.remedy != ANEW:
        yield
        return
    stop.remedy = remedy
    try:
        yield
    finally:
        stop.remedy = ANEW


def remedy_or(words: str) -> str:
    """How the command at work goes on; `words` where that is not known."""
    return words if _current is None or _current.remedy == ANEW else _current.remedy


@contextmanager
def _thrown_away_told(stop: StopSignal) -> Iterator[None]:
    """Have a signal know when Python threw its exception away, and say nothing of it."""
    before = sys.unraisablehook

    def hook(found: "sys.UnraisableHookArgs") -> None:
        if isinstance(found.exc_value, Interrupted):
            stop.was_thrown_away()
        else:
            before(found)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def _handling(stop: StopSignal) -> Iterator[bool]:
    """Have signals noted while a block runs; false outside the main thread, which hears none."""
    wanted = [number for number in ASKED_BY if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]
    try:
        before = {number: signal.signal(number, stop) for number in wanted}
    except ValueError:  # not the main thread
        before = {}
    try:
        yield bool(before)
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
