import errno

import psutil
import pytest

from sightline.machine import free_space
from sightline.machine.free_space import format_bytes, free_disk, free_memory, refusal_of_the_disk


@pytest.mark.parametrize(("limit", "expected"), [(None, 10**12), (10**9, 10**9), (10**15, 10**12)])
def test_the_smaller_of_machine_and_container_counts_and_processes_that_train_together_share_it(
    monkeypatch, limit, expected
):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("", (), {"available": 10**12}))
    monkeypatch.setattr(free_space, "memory_headroom", lambda: limit)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert free_memory() == expected
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert free_memory() == expected // 4


def test_here_it_is_a_sound_number():
    assert 0 < free_memory() <= psutil.virtual_memory().total


def test_disk_of_a_folder_yet_to_be_made(tmp_path):
    assert free_disk(tmp_path / "deep" / "er") == pytest.approx(free_disk(tmp_path), rel=0.2)


def test_words():
    assert (format_bytes(184_320_000), format_bytes(3 * 10**12), format_bytes(1000)) == (
        "0.2 GB",
        "3000.0 GB",
        "0.0 MB",
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), "a/b cannot grow: No space left on device"),
        (OSError(errno.EFBIG, "File too large"), "a file cannot grow: File too large"),
        (OSError(errno.EIO, "Input/output error", "a"), "a cannot be read or written: Input/output error"),
        (PermissionError(errno.EROFS, "Read-only file system", "a"), "a cannot be opened or written: Read-only"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "name another in TMPDIR"),
    ],
)
def test_what_a_disk_refuses_is_no_defect(error, words):
    assert words in refusal_of_the_disk(error)


@pytest.mark.parametrize("error", [OSError(errno.EBADF, "Bad file", "a"), FileNotFoundError(2, "No such", "a")])
def test_all_else_keeps_its_traceback(error):
    assert refusal_of_the_disk(error) is None
