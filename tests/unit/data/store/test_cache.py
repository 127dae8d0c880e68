import errno
import subprocess
import sys

import pytest

from sightline.data.store.cache import built_once
from sightline.errors import RunFailedError


def write(text):
    return lambda folder: (folder / "file").write_text(text) and None


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_is_built_once(tmp_path):
    place = built_once(tmp_path / "deep" / "cache", "key", write("first"))
    assert place == tmp_path / "deep" / "cache" / "key"
    assert built_once(place.parent, "key", write("second")) == place
    assert (place / "file").read_text() == "first"
    assert names(place.parent) == ["key"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError, RunFailedError])
def test_an_interrupted_build_leaves_nothing(tmp_path, error):
    def build(folder):
        (folder / "half").write_text("x")
        raise error

    with pytest.raises(error):
        built_once(tmp_path, "key", build)
    assert names(tmp_path) == []


def test_the_second_of_two_builders_takes_what_the_first_built(tmp_path):
    def slow(folder):
        built_once(tmp_path, "key", write("first"))
        (folder / "file").write_text("second")

    place = built_once(tmp_path, "key", slow)
    assert (place / "file").read_text() == "first"
    assert names(tmp_path) == ["key"]


def test_what_a_killed_builder_left_is_cleared_and_what_a_living_one_has_is_not(tmp_path):
    dead = (
        "import os, sys; from pathlib import Path; from sightline.data.store.cache import built_once\n"
        "built_once(Path(sys.argv[1]), 'key', lambda folder: os.kill(os.getpid(), 9))"
    )
    subprocess.run([sys.executable, "-c", dead, str(tmp_path)], check=False)
    assert len(names(tmp_path)) == 2

    def build(_):
        living = names(tmp_path)
        assert len(living) == 2
        built_once(tmp_path, "other", write("other"))
        assert names(tmp_path) == sorted([*living, "other"])

    built_once(tmp_path, "key", build)
    assert names(tmp_path) == ["key", "other"]


def test_what_a_builder_left_that_was_killed_when_all_was_in_place_is_cleared(tmp_path):
    built_once(tmp_path, "key", write("first"))
    (tmp_path / ".building-abc.lock").touch()
    built_once(tmp_path, "key", write("second"))
    assert names(tmp_path) == ["key"]


def test_a_drive_without_locks_still_builds(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    built_once(tmp_path, "key", write("x"))
    assert names(tmp_path) == ["key"]


def test_a_cache_that_cannot_be_written_is_told_in_a_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFailedError, match="cannot be kept under"):
        built_once(tmp_path / "file", "key", write("x"))

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(RunFailedError, match="No space left on device"):
        built_once(tmp_path, "key", full)
    assert names(tmp_path) == ["file"]
