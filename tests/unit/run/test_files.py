"""Files that are whole or not there: what killed writers leave is cleared away, what lives stays."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sightline.run.files import atomic_file, remove_partial

WRITER = """
import sys, time
from pathlib import Path
from sightline.run.files import atomic_file
with atomic_file(Path(sys.argv[1])) as stream:
    stream.write(b"half"); stream.flush()
    print("writing", flush=True)
    time.sleep(60)
"""


def write(path: Path, content: bytes) -> None:
    with atomic_file(path) as stream:
        stream.write(content)


@pytest.fixture
def writer(tmp_path: Path):
    """Another process that is in the middle of a file."""
    (tmp_path / "checkpoints").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "checkpoints/last.pt")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def partial(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.partial")]


def test_what_a_killed_writer_left_goes_and_what_is_being_written_stays(tmp_path: Path, writer: subprocess.Popen[str]):
    name = f".last.pt.{writer.pid}.partial"
    remove_partial(tmp_path)
    write(tmp_path / "checkpoints/last.pt", b"whole")
    assert partial(tmp_path) == [name]
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert partial(tmp_path) == [name]
    remove_partial(tmp_path)
    assert partial(tmp_path) == []
    assert (tmp_path / "checkpoints/last.pt").read_bytes() == b"whole"


def test_the_next_writer_of_the_same_file_clears_what_is_left_of_it(tmp_path: Path):
    left = [tmp_path / f".a[1].txt.{pid}.partial" for pid in (os.getpid(), 99999999)]
    others = [tmp_path / ".a1.txt.7.partial", tmp_path / ".a[1].txt.partial", tmp_path / "a[1].txt.7.partial"]
    for path in (*left, *others):
        path.write_bytes(b"half")
    write(tmp_path / "a[1].txt", b"new")
    assert {path.name for path in tmp_path.iterdir()} == {"a[1].txt", *(path.name for path in others)}


def test_files_of_other_names_are_nobody_elses_to_remove(tmp_path: Path):
    names = ["a.partial", ".a.partial", ".a.b.partial", ".a.7.partial.txt", "a.7.partial"]
    for name in names:
        (tmp_path / name).touch()
    remove_partial(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_a_drive_without_locks_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    (tmp_path / ".a.7.partial").touch()
    monkeypatch.setattr("fcntl.flock", refuse)
    remove_partial(tmp_path)
    write(tmp_path / "a", b"new")
    assert {path.name for path in tmp_path.iterdir()} == {"a", ".a.7.partial"}


def test_cleaning_up_that_fails_hides_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def fill() -> None:
        with atomic_file(tmp_path / "a"):
            monkeypatch.setattr(Path, "unlink", refuse)
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fill()


def test_what_is_not_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left") as refusal:
        write(tmp_path / "config.yaml", b"seed: 0")
    assert refusal.value.filename == str(tmp_path / "config.yaml")
    assert not list(tmp_path.iterdir())
