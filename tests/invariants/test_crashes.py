"""Whatever write fails, and wherever it is killed, a command given again ends at the same bits.

`faults/` says how. Every fault there is, by hand: `python -m tests.invariants.faults` (docs/guides/ci.md).
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import ROOT
from tests.invariants.faults.bench import Bench, Verdict, benches
from tests.invariants.faults.client import server
from tests.invariants.faults.scenarios import NAMES
from tests.invariants.faults.selection import many_faults, spread

Benches = Callable[[str], Bench]
Record = Callable[[str, object], None]

FEW = {"train": 8, "calibrate": 4, "evaluate": 4}
"""How many faults the short test has befall each."""
MOST = {"study": 40, "sweep": 30}
"""How many kills, and as many errors, the long test has befall a command whose trainings are those of `train`."""
EXPECTED: dict[str, str] = {}
"""What does not end well yet, and is told with every count."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benches]:
    if not can_watch():
        pytest.skip("this kernel, or container, hands no system calls over (seccomp user notification)")
    place = tmp_path_factory.mktemp("faults")
    with server(place) as one:
        yield benches(one, place)


def can_watch() -> bool:
    """Whether a process of ours may watch another; only a kernel or a container without it is excused."""
    watch = "from tests.invariants.faults.syscalls import watch_this_process\nwatch_this_process()"
    done = subprocess.run([sys.executable, "-c", watch], cwd=ROOT, capture_output=True, text=True, check=False)
    refused = ("Function not implemented", "Invalid argument", "Operation not permitted", "are not known here")
    assert not done.returncode or any(words in done.stderr for words in refused), done.stderr
    return not done.returncode


def check(name: str, verdict: Verdict, record_property: Record) -> None:
    """Tell the count; nothing but what is expected failed."""
    expected = [line for line in verdict.failures if any(re.search(pattern, line) for pattern in EXPECTED)]
    record_property("faults", f"{name}: {verdict}" + (f", {len(expected)} of them as expected" if expected else ""))
    assert not (failures := [line for line in verdict.failures if line not in expected]), "\n".join(failures)


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_a_few_faults(bench: Benches, name: str, record_property: Record):
    one = bench(name)
    verdict = one.judge(spread(many_faults(one, 1000), FEW[name]))
    assert verdict.faults == FEW[name]
    check(name, verdict, record_property)


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", NAMES)
def test_many_faults(bench: Benches, name: str, record_property: Record):
    one = bench(name)
    verdict = one.judge(many_faults(one, MOST.get(name, 1000)))
    assert verdict.faults >= min(len(one.points) // 4, 60)
    check(name, verdict, record_property)
