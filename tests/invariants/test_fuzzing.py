"""Whatever is in a file that somebody hands in: it is read, or named with what is wrong with it.

No traceback, no Python warning, nothing that takes 10 seconds of a core, none that takes 3 GB. The inputs are the same
each time; one that fails is kept in the folder that the message names, and
`python -m tests.invariants.fuzzing.program FOLDER NUMBER '{"READER": 1}'` makes it again.
"""

import json
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.invariants.fuzzing.program import made
from tests.invariants.fuzzing.readers import READERS, Reader, attempt

SHORT, LONG = 400, 10_000


def counts(total: int) -> dict[str, int]:
    """Inputs of each reader, by its share of them all."""
    shares = sum(reader.share for reader in READERS.values())
    return {name: math.ceil(total * reader.share / shares) for name, reader in READERS.items()}


def fuzz(kept: Path, first: int, counted: Mapping[str, int], seconds: int) -> dict[str, Any]:
    """What became of the inputs of each reader."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.invariants.fuzzing.program", str(kept), str(first), json.dumps(counted)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True, timeout=seconds, check=False,
    )  # fmt: skip
    err = done.stderr.decode(errors="replace")
    assert done.returncode == 0, f"died over one of {[str(path) for path in kept.iterdir()]}: {err[-3000:]}"
    assert ".py" not in err, err  # what libtiff prints comes from C
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def judge(found: Mapping[str, Any], kept: Path) -> None:
    """No input failed, and of every kind some were read and some refused."""
    for name, one in found.items():
        for failure in one["failures"][:3]:
            pytest.fail(f"{kept / name} {failure['number']} ({len(one['failures'])} in all):\n{failure['why']}")
        assert one["read"], name
        assert one["refused"] or name == "stored rows", name


def test_a_few_damaged_files_of_every_kind_are_read_or_named(tmp_path: Path):
    judge(fuzz(tmp_path, 0, counts(SHORT), 280), tmp_path)


@pytest.mark.exhaustive
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", READERS)
def test_ten_thousand_damaged_files_are_read_or_named(tmp_path: Path, name: str):
    found = fuzz(tmp_path, 0, {name: counts(LONG)[name]}, 1700)
    judge(found, tmp_path)
    print(name, {key: value for key, value in found[name].items() if key != "failures"})


@pytest.mark.parametrize("name", READERS)
def test_whole_files_are_made_the_same_each_time_and_damage_differs(name: str):
    assert made(name, 0) in READERS[name].corpus()
    again = [made(name, number) for number in range(1, 10)]
    assert [made(name, number) for number in range(1, 10)] == again
    assert len(set(again)) > 5


def test_what_is_looked_for_is_found(tmp_path: Path):
    """A reader that fails is no reader that refuses."""
    file = tmp_path / "a.img"
    defect = Reader("a.img", lambda: [b"x"], lambda _: {}["key"])
    with pytest.raises(KeyError):
        attempt(defect, tmp_path, b"x")
    assert file.read_bytes() == b"x"
    loud = Reader("a.img", lambda: [b"x"], lambda _: warnings.warn("a line of source", stacklevel=1))
    with pytest.raises(UserWarning):
        attempt(loud, tmp_path, b"x")
