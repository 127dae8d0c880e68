"""What a person sees while a command runs: log lines, and a progress bar where there is a terminal."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO, cast

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from sightline.machine.credentials import hidden
from sightline.machine.streams import StandardOutput, divert
from sightline.machine.text import printable_lines

output = StandardOutput()
console = Console(file=cast("TextIO", output), soft_wrap=True, highlight=False)
logger = logging.getLogger("sightline")


def show_log(*, silent: bool = False) -> None:
    """Send Sightline's log lines to standard output, warnings to standard error when it is no terminal.

    Args:
        silent: show errors only, and no progress: for processes that train along with the one that speaks.
    """
    console.quiet = silent
    logger.setLevel(logging.ERROR if silent else logging.INFO)
    logger.propagate = False
    logger.handlers.clear()
    if console.is_terminal:
        handler: logging.Handler = RichHandler(
            console=console, show_time=False, show_path=False, show_level=False, markup=False, highlighter=None
        )
        handler.setFormatter(_Printable())
        logger.addHandler(handler)
        return
    out, err = _stream(sys.stdout), _stream(sys.stderr)
    out.addFilter(lambda record: record.levelno < logging.WARNING)
    err.setLevel(logging.WARNING)
    for stream in (out, err):
        stream.setFormatter(_Printable())
        logger.addHandler(stream)


def _stream(stream: TextIO | None) -> logging.Handler:
    """Log lines to a stream; to nowhere where it was closed."""
    return logging.NullHandler() if stream is None else _Stream(stream)


class _Printable(logging.Formatter):
    """File names in a message neither steer the terminal nor stop a line from being written; passwords are hidden."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with what cannot be seen spelled out."""
        return printable_lines(hidden(super().format(record)))


class _Stream(logging.StreamHandler[TextIO]):
    """A reader that has gone, a terminal that was closed, a full disk: none ends a training, or costs a traceback."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        if isinstance(sys.exc_info()[1], OSError):
            divert(self.stream)
        else:
            super().handleError(record)


class _LogFile(logging.FileHandler):
    """A log that cannot be written, on a full disk, is no reason to print a traceback for every line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


@contextmanager
def log_to(path: Path) -> Iterator[None]:
    """Keep a copy of the log, with times, in a file; in none where it cannot be written."""
    try:
        handler: logging.Handler = _LogFile(path, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(_Printable("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        with suppress(OSError):  # what ended the block says more than a disk that is full
            handler.close()


class ProgressBar:
    """A bar over a known number of items; silent where there is no terminal.

    Args:
        total: items in all.
        label: what stands before the bar.
        done: items done before this command, of a resumed run.
    """

    def __init__(self, total: int, label: str, done: int = 0) -> None:
        self._started = time.perf_counter()
        self._begun_at = done
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False, compact=True),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
            disable=console.quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task(label, total=total, completed=done, note="")

    def __enter__(self) -> "ProgressBar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, done: int, label: str, note: str = "") -> None:
        """Move to `done` items."""
        self._progress.update(self._task, completed=done, description=label, note=note)


def show_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Log a small table, its columns aligned."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
    logger.info("\n".join([title, *("  " + line for line in lines)]))
