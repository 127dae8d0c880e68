import numpy as np
import psutil
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sightline.machine import container, environment
from sightline.machine.container import MEMORY_V1, MEMORY_V2, core_quota, memory_headroom, usable_cores
from sightline.machine.free_space import free_memory


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A control group file system of our own, and the file that says what this process is a member of."""
    monkeypatch.setattr(container, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(container, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("", (), {"available": 10**12}))
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    return tmp_path / "groups"


def belong(groups, lines):
    (groups.parent / "membership").write_text(lines)


def write(folder, names, limit, usage, cached):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cached}\n")


def grant(folder, quota):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.max").write_text(f"{quota}\n")


def test_the_machine_alone(groups):
    assert (core_quota(), memory_headroom(), free_memory()) == (None, None, 10**12)
    belong(groups, "0::/\n")
    assert (core_quota(), memory_headroom(), free_memory()) == (None, None, 10**12)


def test_a_container_of_version_two_limits_and_its_unused_cache_counts_as_room(groups):
    belong(groups, "0::/\n")
    write(groups, MEMORY_V2, 8 * 10**9, 5 * 10**9, 2 * 10**9)
    assert memory_headroom() == free_memory() == 5 * 10**9
    write(groups, MEMORY_V2, "max", 5 * 10**9, 2 * 10**9)
    assert memory_headroom() is None


def test_the_tightest_group_around_the_process_counts(groups):
    belong(groups, "0::/a/b\n")
    write(groups / "a", MEMORY_V2, 3000, 1000, 0)
    write(groups / "a" / "b", MEMORY_V2, 9000, 1000, 0)
    write(groups / "c", MEMORY_V2, 10, 5, 0)
    assert memory_headroom() == 2000
    write(groups / "a", MEMORY_V2, 3000, 4000, 0)
    assert memory_headroom() == 0
    grant(groups / "a" / "b", "max 100000")
    assert core_quota() is None
    grant(groups / "a", "350000 100000")
    grant(groups / "a" / "b", "800000 100000")
    assert core_quota() == 4


@pytest.mark.parametrize(("quota", "cores"), [("20000 100000", 1), ("100000 50000", 2), ("250000 100000", 2)])
def test_a_quota_is_rounded_and_at_least_one_core(groups, quota, cores):
    belong(groups, "0::/\n")
    grant(groups, quota)
    assert core_quota() == cores


def test_a_container_of_version_one_sees_its_own_group_at_the_root(groups):
    belong(groups, "4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n0::/\n")
    write(groups / "memory", MEMORY_V1, 7000, 3000, 500)
    (groups / "cpu").mkdir()
    (groups / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (groups / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert (memory_headroom(), core_quota()) == (4500, None)
    (groups / "cpu" / "cpu.cfs_quota_us").write_text("300000\n")
    assert core_quota() == 3


def test_threads_follow_the_quota(groups):
    belong(groups, "0::/\n")
    grant(groups, "100000 100000")
    assert usable_cores() == 1
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(limits=3, user_api="blas"):
        environment._limit_blas(1)
        assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}
