"""`python -m sightline`, and the program `sightline`."""

import os
import signal
import sys


def run() -> None:
    """Run one command as a process, from its first to its last moment."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is begun while modules are imported, so it may end at once
    from sightline.cli import main
    from sightline.machine.stop import ASKED_BY

    status = main()
    for number in ASKED_BY:  # the status is decided; what is left is Python's own end
        signal.signal(number, lambda *_: os._exit(status))
    if status - 128 in ASKED_BY:  # whatever threads still wait for
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
