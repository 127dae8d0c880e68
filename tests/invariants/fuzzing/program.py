"""Fuzzes readers: `python -m tests.invariants.fuzzing.program KEPT FIRST '{"images": 100}'`.

Each input is a function of the reader and its number alone. One that ends in anything but an answer or a refusal by
name, takes 10 seconds of a core or 3 GB, is kept in the folder KEPT and named; the last line is a summary in JSON.
"""

import json
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.invariants.fuzzing.mutations import damaged
from tests.invariants.fuzzing.readers import READERS, attempt

SECONDS = 10
WAITING = 60
"""Seconds by the clock: whoever waits for a pipe takes no time of a core."""

MOST_MEMORY = 3 * 10**9
ROOM = 4 * 10**9
"""Bytes beyond those of the libraries that the process may ask for: the machine is shared."""


class Hang(BaseException):
    """The time is up."""


def made(name: str, number: int) -> bytes:
    """The input of this number: every tenth number is a whole file, so that reading is tried too."""
    reader = READERS[name]
    rng = random.Random(f"{name} {number}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of those who write odd files
        whole = reader.corpus()
    if number % 10 == 0:
        return whole[number // 10 % len(whole)]
    return damaged(rng.choice(whole), rng, whole, reader.special)


def peak() -> int:
    """The most memory that was resident since the last call, in bytes."""
    status = Path("/proc/self/status").read_text()
    with suppress(OSError):  # a sandbox may not have it: then it is the most of all inputs
        Path("/proc/self/clear_refs").write_text("5")
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def fuzz(name: str, first: int, count: int, kept: Path) -> dict[str, object]:
    """Hand inputs in, one after the other."""
    found = {"read": 0, "refused": 0}
    failures, slowest, largest = [], 0.0, 0
    with tempfile.TemporaryDirectory() as place:
        for number in range(first, first + count):
            folder = Path(place) / str(number)
            folder.mkdir()
            content = made(name, number)
            path = kept / f"{name} {number}"
            path.write_bytes(content)  # before, since a process may die over it
            before = time.process_time()
            peak()
            try:
                with _limited_time():
                    found[attempt(READERS[name], folder, content)] += 1
                why = ""
            except (Exception, Hang):  # noqa: BLE001 - that is what is looked for
                why = traceback.format_exc()
            slowest, memory = max(slowest, time.process_time() - before), peak()
            largest = max(largest, memory)
            if not why and memory > MOST_MEMORY:
                why = f"{memory / 1e9:.1f} GB"
            if why:
                failures.append({"number": number, "why": why})
            else:
                path.unlink()
            shutil.rmtree(folder)
    return {**found, "failures": failures, "seconds": slowest, "gigabytes": largest / 1e9}


@contextmanager
def _limited_time() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(WAITING)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)


def _hang(*_: object) -> None:
    raise Hang


def _limit_memory() -> None:
    used = 1024 * next(
        int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")
    )
    resource.setrlimit(resource.RLIMIT_DATA, (used + ROOM, used + ROOM))


def main(kept: Path, first: int, counts: Mapping[str, int]) -> None:
    """Fuzz some readers, each from this number on."""
    signal.signal(signal.SIGPROF, _hang)
    signal.signal(signal.SIGALRM, _hang)
    _limit_memory()
    print(json.dumps({name: fuzz(name, first, count, kept) for name, count in counts.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]))
