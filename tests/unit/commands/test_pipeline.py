"""What a person is told of errors that nobody expected."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from sightline.cli import configure
from sightline.commands import mirroring, pipeline
from sightline.commands.pipeline import _failure, run_stages
from sightline.config.schema import Config
from sightline.errors import RunFailedError, UsageError
from sightline.run.folder import Run
from sightline.tracking import Tracker


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "a", "b")


@pytest.mark.parametrize(
    ("error", "words", "logged"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "free some space, then go on with run=a/", False),
        (OSError(errno.EIO, "Input/output error"), "see to the disk, then go on with run=a/", False),
        (OSError(errno.EIO, "Input/output error", "f.pt"), "f.pt cannot be read or written: Input/output error", False),
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


FULL = OSError(errno.ENOSPC, "No space left on device")


class FullDisk(Tracker):
    """Cannot even write down that it ends."""

    def finish(self, status: str) -> None:  # noqa: ARG002
        raise FULL


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., dict[str, float]]], Config]:
    """A configuration of one stage, which the tests give."""

    def with_stage(stage: Callable[..., dict[str, float]]) -> Config:
        monkeypatch.setattr(mirroring, "open_tracker", lambda *_: FullDisk())
        monkeypatch.setattr(pipeline, "_stage", lambda _: stage)
        monkeypatch.setattr(pipeline, "prepare_torch", lambda: None)
        config = configure("mode=evaluate")
        return config.model_copy(update={"tracking": config.tracking.model_copy(update={"log_model": False})})

    return with_stage


@pytest.mark.parametrize("error", [UsageError("the words that matter"), KeyboardInterrupt("the words that matter")])
def test_a_tracker_that_cannot_close_hides_no_message(
    run: Run, tracked: Callable[..., Config], error: BaseException, caplog: pytest.LogCaptureFixture
):
    def fail(*_: object) -> dict[str, float]:
        raise error

    with pytest.raises(type(error), match="the words that matter"):
        run_stages(tracked(fail), run)
    assert "tracking: [Errno 28] No space left on device" in caplog.text


def test_a_disk_that_is_full_at_the_very_end_is_told(run: Run, tracked: Callable[..., Config]):
    with pytest.raises(RunFailedError, match="cannot grow: No space left on device; free some space"):
        run_stages(tracked(lambda *_: {}), run)
