"""The lock of an open file, which the operating system lets go when its holder ends."""

import fcntl


def try_lock(descriptor: int) -> bool:
    """Take the lock of an open file if nobody holds it; where a network drive knows no locks, nobody gets it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
