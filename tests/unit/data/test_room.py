import numpy as np
import psutil
import pytest
from PIL import Image

from sightline.data import room
from sightline.data.room import estimated_bytes, free_disk, free_memory, in_words


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A control group file system of our own; returns where to write, and what this process is a member of."""
    membership = tmp_path / "membership"
    real = room.Path

    def path(place):
        return membership if place == "/proc/self/cgroup" else real(place)

    monkeypatch.setattr(room, "Path", path)
    monkeypatch.setattr(room, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("", (), {"available": 10**12}))
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    return membership


def write(folder, names, limit, usage, cached):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cached}\n")


def test_the_machine_alone(groups):
    assert free_memory() == 10**12
    groups.write_text("0::/\n")
    assert free_memory() == 10**12


def test_a_container_of_version_two_limits_and_its_unused_cache_counts_as_room(groups):
    groups.write_text("0::/\n")
    write(room.GROUPS, room.V2, 8 * 10**9, 5 * 10**9, 2 * 10**9)
    assert free_memory() == 5 * 10**9
    write(room.GROUPS, room.V2, "max", 5 * 10**9, 2 * 10**9)
    assert free_memory() == 10**12


def test_the_tightest_group_around_the_process_counts(groups):
    groups.write_text("0::/a/b\n")
    write(room.GROUPS / "a", room.V2, 3000, 1000, 0)
    write(room.GROUPS / "a" / "b", room.V2, 9000, 1000, 0)
    write(room.GROUPS / "c", room.V2, 10, 5, 0)
    assert free_memory() == 2000
    write(room.GROUPS / "a", room.V2, 3000, 4000, 0)
    assert free_memory() == 0


def test_a_container_of_version_one_sees_its_own_group_at_the_root(groups):
    groups.write_text("4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n")
    write(room.GROUPS / "memory", room.V1, 7000, 3000, 500)
    assert free_memory() == 4500


def test_processes_that_train_together_share(groups, monkeypatch):
    groups.write_text("0::/\n")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert free_memory() == 10**12 // 4


def test_here_it_is_a_sound_number():
    assert 0 < free_memory() <= psutil.virtual_memory().total


def test_disk_of_a_folder_yet_to_be_made(tmp_path):
    assert free_disk(tmp_path / "deep" / "er") == pytest.approx(free_disk(tmp_path), rel=0.2)


@pytest.mark.parametrize(("side", "expected"), [(None, 40 * 60 + 20 * 40), (10, 10 * 15 + 10 * 20), (30, None)])
def test_the_estimate_is_what_decoding_stores(tmp_path, side, expected):
    for name, (height, width) in {"a.png": (40, 60), "b.png": (90, 20)}.items():
        Image.fromarray(np.zeros((height, width, 3), dtype=np.uint8)).save(tmp_path / name)
    (tmp_path / "c.png").write_bytes(b"none")
    paths = [str(tmp_path / name) for name in ("a.png", "b.png", "c.png")]
    expected = 30 * 45 + 20 * 40 if expected is None else expected
    assert estimated_bytes(paths, side) == 3 * expected
    assert estimated_bytes(paths[:2] * 500, side) == pytest.approx(3 * 500 * expected, rel=0.2)
    assert estimated_bytes([], side) == 0


def test_words():
    assert (in_words(184_320_000), in_words(3 * 10**12), in_words(1000)) == ("0.2 GB", "3000.0 GB", "0.0 MB")
