"""How much memory and disk there is for decoded images, and how much they would take."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import psutil
from PIL import Image

from sightline.container import memory_room
from sightline.data.decode import LONGEST

SAMPLED = 256
"""Files whose headers are read to estimate what all take."""


def free_memory() -> int:
    """Bytes this process can have: what the machine has free, or what its container may still take if that is less.

    Processes that train together on a machine share it evenly.
    """
    free, room = psutil.virtual_memory().available, memory_room()
    return (free if room is None else min(free, room)) // processes_here()


def processes_here() -> int:
    """How many processes train together on this machine, as torchrun tells them."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def free_disk(folder: Path) -> int:
    """Bytes that an ordinary user may write below a folder, which need not be there yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def estimated_bytes(paths: Sequence[str], side: int | None) -> int:
    """What the decoded files take, by the headers of evenly spread ones; those that do not read count as nothing."""
    chosen = paths[:: max(1, len(paths) // SAMPLED)]
    total = sum(_stored_bytes(path, side) for path in chosen)
    return round(total * len(paths) / max(1, len(chosen)))


def _stored_bytes(path: str, side: int | None) -> int:
    try:
        with Image.open(path) as image:
            shorter, longer = sorted(image.size)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0
    scale = 1.0 if side is None else min(1.0, side / shorter)
    return round(3 * shorter * min(longer, LONGEST * shorter) * scale**2)


def in_words(count: int) -> str:
    """Bytes for a person."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
