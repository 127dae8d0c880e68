"""One writer a run: the second is told who holds it, and a writer that died holds nothing."""

import errno
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sightline.errors import UsageError
from sightline.run.lock import LOCK, HeldError, one_writer

HOLDER = """
import sys, time
from pathlib import Path
from sightline.run.lock import one_writer
with one_writer(Path(sys.argv[1]), "sightline train run=a"):
    print("holding", flush=True)
    sys.stdin.readline()
"""


def hold(folder: Path) -> "subprocess.Popen[str]":
    """Another process that holds a folder until it reads a line, or dies."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    return process


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    with hold(tmp_path) as process:
        yield process
        process.kill()


def test_the_second_is_told_who_holds_it_and_changes_nothing(tmp_path: Path, holder: "subprocess.Popen[str]"):
    before = (tmp_path / LOCK).read_bytes()
    with pytest.raises(HeldError) as refusal, one_writer(tmp_path, "sightline report"):
        pytest.fail("both write")
    since = json.loads(before)["since"]
    who = f"process {holder.pid} on {socket.gethostname()} since {since}: sightline train run=a"
    assert str(refusal.value) == (
        f"{tmp_path} is being written by {who}\nwait until it has ended, or end it; nothing was changed"
    )
    assert refusal.value.status == 2
    assert (tmp_path / LOCK).read_bytes() == before


@pytest.mark.parametrize(
    "end", [lambda process: process.send_signal(signal.SIGKILL), lambda process: process.communicate("\n")]
)
def test_whoever_ends_holds_it_no_more(
    tmp_path: Path, holder: "subprocess.Popen[str]", end: Callable[["subprocess.Popen[str]"], object]
):
    end(holder)
    holder.wait()
    with one_writer(tmp_path, "sightline report"):
        assert json.loads((tmp_path / LOCK).read_bytes())["pid"] == os.getpid()


def test_a_patient_one_waits(tmp_path: Path, holder: "subprocess.Popen[str]"):
    with pytest.raises(HeldError), one_writer(tmp_path, "trial", patience=0.3):
        pass
    threading.Timer(0.5, holder.kill).start()
    with one_writer(tmp_path, "trial", patience=60):
        pass


def test_a_command_goes_in_again_and_holds_it_until_it_is_out(tmp_path: Path):
    with one_writer(tmp_path, "study"):
        with one_writer(tmp_path / ".", "study"):
            pass
        asked = subprocess.run(
            [sys.executable, "-c", HOLDER, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert "HeldError" in asked.stderr
    hold(tmp_path).communicate("\n")


def test_an_error_lets_go(tmp_path: Path):
    with pytest.raises(KeyError), one_writer(tmp_path, "train"):
        raise KeyError
    hold(tmp_path).communicate("\n")


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 50_000, "\udcff"])
@pytest.mark.usefixtures("holder")
def test_a_holder_that_cannot_be_read_is_another_process(tmp_path: Path, content: str):
    (tmp_path / LOCK).write_text(content, errors="surrogateescape")
    with pytest.raises(HeldError, match="is being written by another process"), one_writer(tmp_path, "report"):
        pass


def test_a_drive_without_locks_is_told_and_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.lockf", refuse)
    with caplog.at_level(logging.WARNING), one_writer(tmp_path, "train"):
        pass
    assert f"{tmp_path} cannot be locked: No locks available; start no other command on it" in caplog.text


def test_a_full_disk_is_no_reason_not_to_hold_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.pwrite", refuse)
    with one_writer(tmp_path, "train"):
        asked = subprocess.run(
            [sys.executable, "-c", HOLDER, str(tmp_path)], capture_output=True, text=True, check=False
        )
    assert "is being written by another process" in asked.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / LOCK).mkdir()
    with (
        pytest.raises(UsageError, match=f"{LOCK} cannot be opened for writing: Is a directory"),
        one_writer(tmp_path, "a"),
    ):
        pass
