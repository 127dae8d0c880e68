"""What happens to a command at its write points."""

import errno
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["kill", "full", "error"]
"""What befalls a command at a point.

kill: it and all that it started are gone. full: nothing can grow from there on, and a write is cut in half.
error: this one call fails.
"""

NEEDS_SPACE = frozenset({
    "write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "splice", "copy_file_range", "fallocate",
    "open", "openat", "openat2", "creat", "mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat",
})  # fmt: skip
"""Calls that a full disk refuses; files that are there can still be opened, moved and removed."""
NUMBERS = {"full": errno.ENOSPC, "error": errno.EIO}


@dataclass(frozen=True, order=True)
class Point:
    """A write point: the `occurrence`-th such call for this path.

    Attributes:
        call: name of the system call.
        path: relative to the folder that is watched, numbers of processes replaced.
        occurrence: from 0 on.
    """

    call: str
    path: str
    occurrence: int

    def __str__(self) -> str:
        return f"{self.call} {self.path} #{self.occurrence}"


@dataclass(frozen=True)
class Job:
    """A command to run.

    Attributes:
        arguments: of the command.
        root: the folder whose changes are watched.
        fault: what goes wrong, and where; None: nothing does.
        kill_at: the number of the write point, from 0 on, before which it is killed; None: it is not.
        states: where to keep what a kill at each point would leave, by its digest; None: nowhere.
        seconds: after which it counts as hanging.
    """

    arguments: tuple[str, ...]
    root: Path
    fault: tuple[Kind, Point] | None = None
    kill_at: int | None = None
    states: Path | None = None
    seconds: float = 120.0


@dataclass
class Outcome:
    """How a command ended.

    Attributes:
        status: of the command; negative: of the signal that ended it. 124 where it hung.
        out: what it printed.
        err: the same of errors.
        points: its write points in order.
        kills: which state a kill at each point leaves, and in the midst of each write.
        hit: whether the fault came about.
    """

    status: int = 0
    out: str = ""
    err: str = ""
    points: list[Point] = field(default_factory=list)
    kills: list[tuple[Point, str]] = field(default_factory=list)
    hit: bool = False
