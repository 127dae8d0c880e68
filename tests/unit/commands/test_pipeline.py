"""What a person is told of errors that nobody expected."""

import errno
from pathlib import Path

import pytest

from sightline.commands.pipeline import _failure
from sightline.run.folder import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "a", "b")


@pytest.mark.parametrize(
    ("error", "words", "logged"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "free some space, then go on with run=a/", False),
        (MemoryError(), "lower training.batch_size", True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried\nand more"), "you tried; lower", True),
        (KeyError("a"), "KeyError: 'a'\nthe traceback is in", True),
    ],
)
def test_the_message_names_the_remedy_and_the_log_keeps_the_rest(run: Run, error: Exception, words: str, logged: bool):
    try:
        raise error
    except type(error) as caught:
        told = _failure(caught, run)
    assert words in str(told)
    log = run.path / "log.txt"
    assert (log.is_file() and "Traceback" in log.read_text()) == logged


def test_a_file_without_the_right_to_it_is_named_and_is_no_defect(run: Run):
    told = _failure(PermissionError(errno.EACCES, "Permission denied", "a/test_ledger.jsonl"), run)
    assert str(told) == "a/test_ledger.jsonl cannot be opened or written: Permission denied"
    assert not run.has("log.txt")


def test_a_traceback_that_no_log_takes_is_told(run: Run):
    (run.path / "log.txt").mkdir()
    try:
        raise KeyError("a")
    except KeyError as error:
        told = str(_failure(error, run))
    assert "Traceback" in told
