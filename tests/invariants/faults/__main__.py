"""Every fault at every write point, by hand: `python -m tests.invariants.faults [SCENARIO ...]`, PYTHONPATH=src:."""

import sys
import tempfile
from pathlib import Path

from tests.invariants.faults.bench import benches
from tests.invariants.faults.client import server
from tests.invariants.faults.scenarios import NAMES
from tests.invariants.faults.selection import every_fault


def main(names: list[str]) -> int:
    """Print a line for each scenario, and one for each fault that did not end well; 1 where there is any."""
    failed = 0
    for name in names or NAMES:
        with tempfile.TemporaryDirectory(prefix="faults-") as place, server(Path(place)) as one:
            bench = benches(one, Path(place))(name)
            verdict = bench.judge(every_fault(bench))
        print(f"{name}: {verdict}", *verdict.failures, sep="\n  ", flush=True)
        failed += len(verdict.failures)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
