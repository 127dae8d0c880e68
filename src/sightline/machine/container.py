"""What the control groups around this process leave it: the limits of a container, of a scheduler's job, of systemd."""

import os
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
MEMORY_V2 = ("memory.max", "memory.current", "inactive_file")
MEMORY_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def usable_cores() -> int:
    """Cores this process may use: its affinity, and the quota of its container where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = core_quota()
    return min(cores, quota) if quota else cores


def core_quota() -> int | None:
    """Cores worth of time that the tightest group grants, rounded and at least 1; None without a quota."""
    quotas = [quota for folder, is_v2 in _groups("cpu") if (quota := _quota(folder, is_v2)) is not None]
    return max(1, round(min(quotas))) if quotas else None


def memory_headroom() -> int | None:
    """Bytes that the tightest group may still take; None without a limit."""
    found = [bytes_left for folder, is_v2 in _groups("memory") if (bytes_left := _headroom(folder, is_v2)) is not None]
    return max(0, min(found)) if found else None


def _groups(controller: str) -> Iterator[tuple[Path, bool]]:
    """The folders of the groups around this process, the innermost first, and whether they are of version 2.

    Inside a container the membership may name a place of the host that cannot be seen; its own group is then the root.
    """
    try:
        lines = MEMBERSHIP.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = GROUPS / controller if controllers else GROUPS
        inside = root / place.lstrip("/")
        for folder in (inside, *inside.parents):
            yield folder, not controllers
            if folder == root:
                break


def _quota(folder: Path, is_v2: bool) -> float | None:
    """Microseconds of processor time in each period, over the period."""
    try:
        if is_v2:
            most, period = (folder / "cpu.max").read_text().split()
        else:
            most = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
    except (OSError, ValueError):
        return None
    return None if most.strip() in {"max", "-1"} else int(most) / int(period)


def _headroom(folder: Path, is_v2: bool) -> int | None:
    """Limit less usage; pages of files that nobody used lately are given back on demand, and count as free."""
    limit, usage, cache = MEMORY_V2 if is_v2 else MEMORY_V1
    try:
        most = (folder / limit).read_text().strip()
        used = (folder / usage).read_text()
        counts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    return None if most == "max" else int(most) - int(used) + int(counts.get(cache, 0))
