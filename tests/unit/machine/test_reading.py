"""Only regular files are read, at most so many bytes of them, and nothing is waited for."""

import os
import socket
from pathlib import Path

import pytest

from sightline.machine.reading import is_file, is_folder, open_regular, read_regular


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_the_bytes_of_a_file_are_read_through_links(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").symlink_to("a")
    assert read_regular(tmp_path / "b") == b"abc"
    stream, size = open_regular(str(tmp_path / "a"))
    with stream:
        assert (size, stream.read()) == (3, b"abc")


@pytest.mark.timeout(10)
def test_what_waits_or_never_ends_is_not_read(tmp_path: Path, pipe: Path):
    (tmp_path / "link").symlink_to(pipe)
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "into").symlink_to(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    for name, words in {
        "pipe": "it is a named pipe and no regular file",
        "link": "it is a named pipe and no regular file",
        "zero": "it is a device and no regular file",
        "socket": "it is a socket and no regular file",
        "round": "Too many levels of symbolic links",
        "into": "Is a directory",
        "none": "No such file or directory",
        "n" * 300: "File name too long",
    }.items():
        with pytest.raises(OSError) as caught:
            read_regular(tmp_path / name)
        assert caught.value.strerror == words


def test_files_that_the_system_makes_up_are_as_long_as_they_say(tmp_path: Path):
    (tmp_path / "log").symlink_to("/proc/self/status")  # as /proc/kmsg, which waits for the next message
    assert read_regular(tmp_path / "log") == b""


def test_larger_files_are_not_read(tmp_path: Path):
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(2**40)
    for arguments, words in [
        ((), "1,099,512 MB are more than the 1,074 MB that are read"),
        ((10, "key=1"), "1,099,512 MB are more than key=1"),
    ]:
        with pytest.raises(OSError) as caught:
            read_regular(tmp_path / "large", *arguments)
        assert caught.value.strerror == words


def test_no_name_is_too_odd_to_ask_about(tmp_path: Path):
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "file").touch()
    odd = [tmp_path / "round", tmp_path / ("n" * 300), "a\0b", tmp_path / "none"]
    assert not any(is_file(path) or is_folder(path) for path in odd)
    assert (is_file(tmp_path / "file"), is_folder(tmp_path)) == (True, True)
