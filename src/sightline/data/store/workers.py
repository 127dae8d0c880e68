"""Processes that decode files, and a pool of them.

The workers are plain programs on pipes rather than `multiprocessing`: they import neither the main program nor torch,
need no shared memory, and end when this process ends, killed or not.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import IO

from sightline.data.reduction import Reduction
from sightline.data.store.entries import READY, Entry, File, Include, receive, send, unreadable
from sightline.errors import RunFailedError

CRASHED = unreadable("", "the decoder crashed on it")

CHUNK_TRIES, FILE_TRIES = 2, 3
"""How many workers may die over several files before each is decoded alone, and over one before it is given up: the
system may have killed them for reasons of its own."""

Decoded = tuple[list[Entry], bytes]
"""Of some files, in order: entries, and the pixels of those readable in one buffer."""


class Pool:
    """Workers that are replaced when they die, until the pool is closed; any number of threads may ask.

    Args:
        reduction: of images.
        count: of processes.

    Raises:
        RunFailedError: one of them cannot be started.
    """

    def __init__(self, reduction: Reduction, count: int) -> None:
        self._reduction = reduction
        self._closed = False
        self._lock = threading.Lock()
        self._alive: list[_Worker] = []
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="decode")
        try:
            for _ in range(count):
                self._idle.put(self._start())
        except BaseException:
            self.close()
            raise

    def _start(self) -> "_Worker":
        with self._lock:
            if self._closed:
                raise RunFailedError("the decode workers were stopped")
            worker = _Worker(self._reduction)
            self._alive.append(worker)
            return worker

    def submit(self, files: list[File], include: Include) -> Future[Decoded]:
        """Have files decoded; one that takes its workers down with it becomes unreadable, with the entry `CRASHED`."""
        return self._threads.submit(self._decode, files, include)

    def _decode(self, files: list[File], include: Include) -> Decoded:
        for _ in range(FILE_TRIES if len(files) == 1 else CHUNK_TRIES):
            decoded = self._ask(files, include)
            if decoded is not None:
                return decoded
        if len(files) == 1:
            return [CRASHED], b""
        parts = [self._decode([file], include) for file in files]
        return [entry for entries, _ in parts for entry in entries], b"".join(pixels for _, pixels in parts)

    def _ask(self, files: list[File], include: Include) -> Decoded | None:
        worker = self._idle.get()
        try:
            answer = worker.ask(files, include)
            if answer is None:
                worker = self._replace(worker)
            return answer
        finally:
            # Even a dead one: whoever waits for a worker must not wait for ever.
            self._idle.put(worker)

    def _replace(self, worker: "_Worker") -> "_Worker":
        worker.kill()
        fresh = self._start()
        with self._lock:
            self._alive.remove(worker)
        worker.release()
        return fresh

    def close(self) -> None:
        """Kill all workers; whoever waits for one of them hears that it is gone."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
            for worker in self._alive:
                worker.kill()
        self._threads.shutdown()
        # Only now is nobody reading their pipes any more.
        for worker in self._alive:
            worker.release()


class _Worker:
    """One process of `python -m sightline.data.store.entries`."""

    def __init__(self, reduction: Reduction) -> None:
        # One thread each, and this process's import path whatever made it.
        settings = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        kept = [str(reduction.side or 0), str(reduction.longest or 0)]
        try:
            self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
            # In a process group of its own, so that Ctrl-C at the terminal reaches this process alone.
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and this package
                [sys.executable, "-P", "-m", "sightline.data.store.entries", *kept],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=os.environ | settings,
                process_group=0,
            )
        except OSError as error:
            raise RunFailedError(f"a decode worker cannot be started: {error}; data.workers=0 needs none") from error
        self._greeted = False

    def ask(self, files: list[File], include: Include) -> Decoded | None:
        """The answer to a request; None where the process died over it, or was killed before.

        Raises:
            RunFailedError: it gave up before it began.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if not self._greeted:
            self._greeted = receive(self._process.stdout) == (READY, b"")
            if not self._greeted and self._process.wait() >= 0:
                raise RunFailedError(f"a decode worker did not start: {self._last_words()}; data.workers=0 needs none")
        try:
            send(self._process.stdin, json.dumps([files, include]).encode())
        except OSError:
            return None
        answer = receive(self._process.stdout)
        return None if answer is None else ([Entry(*entry) for entry in json.loads(answer[0])], answer[1])

    def _last_words(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def kill(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def release(self) -> None:
        """Close the pipes; what was still to be sent is of no use."""
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
