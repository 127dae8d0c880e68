"""How much memory and disk this process can have, and what is told of a disk that takes no more."""

import errno
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


def is_full_disk(error: OSError) -> bool:
    """Whether a file could not grow: the disk, a quota or a limit of the process is used up."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_failing_disk(error: OSError) -> bool:
    """Whether a disk, or a network drive, did not do what it can be asked to do."""
    return error.errno in {errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ETIMEDOUT}


def refusal_of_the_disk(error: OSError) -> str | None:
    """What a person is told of a full or failing disk, or of a file without the right to it; None of another error."""
    if is_full_disk(error):
        return f"{error.filename or 'a file'} cannot grow: {error.strerror}; free some space, then start again"
    if is_failing_disk(error):
        place = error.filename or "a file"
        return f"{place} cannot be read or written: {error.strerror}; see to the disk, then start again"
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):  # tempfile's, which tries to write
        return f"{str(error.strerror).partition(' found')[0]}: free some space, or name another in TMPDIR"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS} and error.filename:
        return f"{error.filename} cannot be opened or written: {error.strerror}"
    return None


def format_bytes(count: int) -> str:
    """Bytes for a person."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
