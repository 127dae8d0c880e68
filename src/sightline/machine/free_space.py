"""How much memory and disk this process can have."""

import shutil
from pathlib import Path

import psutil

from sightline.machine.container import memory_headroom
from sightline.machine.variables import whole_number


def free_memory() -> int:
    """Bytes this process can have: what the machine has free, or what its container may still take if that is less.

    Processes that train together on a machine share it evenly.
    """
    free = psutil.virtual_memory().available
    headroom = memory_headroom()
    return (free if headroom is None else min(free, headroom)) // local_world_size()


def local_world_size() -> int:
    """How many processes train together on this machine, as torchrun tells them."""
    return whole_number("LOCAL_WORLD_SIZE", 1, least=1)


def free_disk(folder: Path) -> int:
    """Bytes that an ordinary user may write below a folder, which need not be there yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def format_bytes(count: int) -> str:
    """Bytes for a person."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
