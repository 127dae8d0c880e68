"""What a person sees while a command runs: log lines, and a progress bar where there is a terminal."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from sightline.machine.credentials import hidden
from sightline.machine.streams import StandardOutput, divert
from sightline.machine.text import printable_lines

DELAY: Final = 1.0
"""Seconds before a bar appears: what is done by then needs none, and a bar that flashes only disturbs."""
WIDE: Final = 110
"""Columns of a terminal with room for a long bar."""
TIMES: Final = 29
"""Columns that both times, the word between them and the gaps take: `0:01:23 left 1:02:03`."""
PART: Final = " · "

output = StandardOutput()
console = Console(file=cast("TextIO", output), soft_wrap=True, highlight=False, emoji=False)
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
        handler: logging.Handler = _OnTerminal()
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


class _OnTerminal(logging.Handler):
    """Log lines, wrapped between words; one with a path is left to the terminal, which copies it in one piece."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message."""
        try:
            for line in self.format(record).split("\n"):
                console.print(Text(line), soft_wrap="/" in line)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """A terminal that was closed ends no training; `output` has noted it."""


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
    """A bar over a known number of items; silent where there is no terminal, and for what takes no second.

    Args:
        total: items in all.
        label: what stands before the bar.
        done: items done before this command, of a resumed run.
    """

    def __init__(self, total: int, label: str, done: int = 0) -> None:
        self._shown_from = 0.0
        self._is_silent = console.quiet or not console.is_terminal
        self._is_shown = False
        self._counts = 2 * len(f"{total}") + 1
        self._bar_width = 30 if console.width >= WIDE else 10
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=self._bar_width),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False, compact=True),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
            transient=True,
            disable=self._is_silent,
        )
        self._task = self._progress.add_task(label, total=total, completed=done, note="")

    def __enter__(self) -> "ProgressBar":
        self._shown_from = time.perf_counter() + DELAY
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, done: int, label: str, note: str = "") -> None:
        """Move to `done` items; of a note, parted by ` · `, stands there what the terminal has room for."""
        if self._is_silent:
            return
        self._progress.update(self._task, completed=done, description=label, note=self._fitting(note, len(label)))
        if not self._is_shown and time.perf_counter() >= self._shown_from:
            self._is_shown = True
            self._progress.start()

    def _fitting(self, note: str, label: int) -> str:
        """The first parts of a note, as many as fit beside the bar and its times."""
        room = console.width - label - self._bar_width - self._counts - TIMES
        parts = note.split(PART)
        while parts and len(PART.join(parts)) > room:
            del parts[-1]
        return PART.join(parts)


def show_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Log a small table, its columns aligned; on a terminal that is too narrow, a column of equal cells goes before it.

    Args:
        title: a line above it.
        header: the names of the columns.
        rows: their cells.
    """
    columns = list(zip(header, *rows, strict=True))
    if console.is_terminal and _width(columns) > console.width and len(rows) > 1:
        equal = [column for column in columns[1:] if len(set(column[1:])) == 1]
        columns = [column for column in columns if column not in equal]
        title += "".join(f", {name.lower()} {cell}" for name, cell, *_ in equal)
    lines = [
        "  ".join(cell.ljust(_longest(column)) for cell, column in zip(row, columns, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
    logger.info("\n".join([title, *("  " + line for line in lines)]))


def _width(columns: Sequence[Sequence[str]]) -> int:
    """Of a table, two spaces before each column."""
    return sum(2 + _longest(column) for column in columns)


def _longest(column: Sequence[str]) -> int:
    return max(map(len, column))
