"""A request to stop: noted by the handler of a signal, raised where it is safe, and seen to in the end.

A handler that raises may be called where Python throws exceptions away, in the callback of a weak reference or in a
finaliser, and the command would go on as if nobody had asked. So a handler only notes, and `check_stop` raises where it
is safe. Whoever does not ask in time, because it waits for a server or computes, is woken by an exception; what does
not even return to Python is ended as `kill -9` would: a run folder outlives that.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

ASKED_BY: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ONE_PRESS: Final = 0.2
"""Seconds within which a terminal and a launcher both pass on one and the same request."""
WAKE_AFTER, END_AFTER = 0.7, 1.8
"""Seconds after which a command that does not ask is woken by an exception, and is ended."""
ON_ITS_WAY: Final = 1.0
"""Seconds that the exception may take to get through."""
CLOSING: Final = 10.0
"""Seconds that a stopped command has to part from its server."""
_TICK: Final = 0.1
ANEW: Final = "the same command begins anew"
"""How to go on where nobody says otherwise."""
_OVER: Final = b"\0"


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to stop; the message says what was saved and how to go on."""

    def __init__(self, number: int, message: str = "") -> None:
        super().__init__(message)
        self.status = 128 + number


class StopSignal:
    """Remembers the signal that asked to stop; a second one stops at once.

    Attributes:
        number: of the signal; None: nobody asked.
        remedy: how to go on, for the last line.
        patient: how many blocks are at work that look at `number` themselves and save first.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.remedy = ""
        self.patient = 0
        self._heard_at: float | None = None
        self._raised_at: float | None = None
        self._closing_since: float | None = None
        self._wakes = False
        self._is_over = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note the signal."""
        now = time.monotonic()
        self.number = self.number or number
        if self._heard_at is None:
            self._heard_at = now
        if not self._is_over and (self._wakes or now - self._heard_at > ONE_PRESS):
            self._raised_at = now
            raise Interrupted(self.number, self.remedy)

    def check(self) -> None:
        """Raise if somebody asked to stop."""
        if self.number is not None and not self.patient:
            self._raised_at = time.monotonic()
            raise Interrupted(self.number, self.remedy)

    def close(self) -> None:
        """Note that the command has stopped and is only parting from what it used."""
        self._closing_since = time.monotonic()

    def was_thrown_away(self) -> None:
        """Note that what the handler raised got nowhere."""
        self._raised_at = None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Raise nothing at a first signal while a block runs, which looks at `number` and saves first."""
        self.patient += 1
        try:
            yield
        finally:
            self.patient -= 1
            self._raised_at = time.monotonic()  # what the block raised is on its way

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have a thread see to it that what is asked while a block runs is done."""
        ear, mouth = os.pipe()
        os.set_blocking(mouth, False)
        before = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
        watcher = threading.Thread(target=self.watch, args=(threading.get_ident(), ear), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._is_over = True
            signal.set_wakeup_fd(before)
            os.write(mouth, _OVER)
            watcher.join()
            os.close(ear)
            os.close(mouth)

    def watch(self, main: int, ear: int) -> None:
        """In a thread: hear of signals even while the main thread is in C, and have them obeyed.

        Args:
            main: the identity of the main thread.
            ear: where the number of every signal can be read, as one byte.
        """
        presses, asked_at = 0, 0.0
        while True:
            if select.select([ear], [], [], _TICK if presses else None)[0]:
                heard = os.read(ear, 64)
                if _OVER in heard:
                    return
                asked = [number for number in heard if number in ASKED_BY]
                if asked and not presses:
                    self.number, asked_at = self.number or asked[0], time.monotonic()
                presses += len(asked) if self.patient or not presses else 0
            if presses:
                self._urge(main, presses, asked_at)

    def _urge(self, main: int, presses: int, asked_at: float) -> None:
        """Wake the main thread, or end the process, when it is time to."""
        now = time.monotonic()
        waited = now - asked_at
        if self.patient:
            due = presses > 2 and waited > END_AFTER
        elif self._closing_since is not None:
            due = now - self._closing_since > CLOSING
        elif self._is_over or (self._raised_at is not None and now - self._raised_at < ON_ITS_WAY):
            return
        else:
            due = waited > END_AFTER
            if not due and waited > WAKE_AFTER:
                self._wakes = True
                signal.pthread_kill(main, self.number or signal.SIGTERM)
        if due:
            self._end()

    def _end(self) -> None:
        """End the process from within a thread: the main one does not answer."""
        words = f"sightline: stopped; {self.remedy or ANEW}\n"
        with suppress(OSError):
            os.write(2, ("\x1b[?25h" * os.isatty(2) + words).encode(errors="backslashreplace"))
        os._exit(128 + (self.number or signal.SIGTERM))
