"""Writing into a folder: as its one writer, and into none that is somebody else's."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sightline.config import parse
from sightline.errors import UsageError
from sightline.machine.credentials import hidden
from sightline.machine.terminal import log_to
from sightline.run.files import remove_partial
from sightline.run.folder import Run
from sightline.run.lock import one_writer
from sightline.run.ownership import MARK, MARKER, check_ours

Check = Callable[[Path], None]
"""Refuses a folder that holds results of another kind."""


@contextmanager
def locked(run: Run, arguments: Sequence[str], patience: float = 0.0) -> Iterator[None]:
    """Be the one writer of a run, and clear away what killed ones left half written.

    Args:
        run: to be written.
        arguments: of the command, as typed.
        patience: seconds to wait for another writer.

    Raises:
        UsageError: another process writes into it, or it cannot be written.
    """
    command = shlex.join(["sightline", *map(hidden, arguments)])
    with one_writer(run.path, command, patience):
        remove_partial(run.path)
        yield


@contextmanager
def writing(run: Run, arguments: Sequence[str], patience: float = 0.0) -> Iterator[None]:
    """The same, with a log in the run."""
    with locked(run, arguments, patience), log_to(run.file("log.txt")):
        yield


@contextmanager
def output_folder(output: str, arguments: Sequence[str], check: Check) -> Iterator[Run]:
    """Take the folder that `output=` names, new, empty or made here. After a mistake it is as it was.

    Raises:
        UsageError: it holds what no command made or `check` refuses, another process writes there, or nobody can.
    """
    folder = Path(output)
    check_ours(folder, "output")
    check(folder)
    run = Run.at(folder)
    with locked(run, arguments):
        try:
            check(folder)  # another command may have used it meanwhile
            run.save_text(MARKER, MARK)
            yield run
        except UsageError:
            run.discard_if_unused()
            raise


def comparison_or_new(folder: Path) -> None:
    """Refuse what a training or a measurement left.

    Raises:
        UsageError: it is one.
    """
    if (folder / "config.yaml").is_file():
        mode = parse.load(folder / "config.yaml").get("mode")
        if not isinstance(mode, dict) or mode.get("name") != "compare":
            raise _run_of_its_own(folder)


def results_of(predictions: Path) -> Check:
    """A check that refuses a run, and results of other predictions: what was calibrated there is not about these."""

    def check(folder: Path) -> None:
        if not (folder / "config.yaml").is_file():
            return
        before = parse.load(folder / "config.yaml").get("predictions")
        if before is None:
            raise _run_of_its_own(folder)
        if Path(str(before)).resolve() != predictions.resolve():
            raise UsageError(f"output={folder} holds results of predictions={before}; take another folder")

    return check


def no_report_of_its_own(folder: Path) -> None:
    """Refuse a folder whose own report would be replaced.

    Raises:
        UsageError: it is a run.
    """
    if (folder / "config.yaml").is_file():
        raise _run_of_its_own(folder)


def anything_of_ours(folder: Path) -> None:
    """Refuse nothing: what is written has names of its own."""


def _run_of_its_own(folder: Path) -> UsageError:
    return UsageError(f"output={folder} is a run of its own; take another folder")
