"""What a folder of runs holds, as values to be compared."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.invariants.comparing import CLOCKS, same

Results = Mapping[str, Any]
"""Values by file, relative to the folder of runs; those of all runs."""
ORIGIN = "made_from"
"""Digests of the files that a file was made from."""
TIMED = CLOCKS | {"latency_ms", "training_seconds", "seconds_to_target", "time", ORIGIN}
"""What a clock says is no part of a result, nor are digests of files that hold such."""
JSON = ("evaluation.json", "calibration.json", "split.json", "validation.json", "preprocessing.json", "comparison.json",
        "explain.json", "sweep.json", "cost.json")  # fmt: skip
LEDGER = "test_ledger.jsonl"
LOGS = (LEDGER, "members.jsonl", "again.jsonl")
"""Files whose lines are added to: one may be there twice, or torn, and is then passed over."""
COUNTED = re.compile(r"(?<=-s\d)-\d+(?=/|$)")
"""What is added to the name of a run where one that was killed at its beginning has the name."""
TENSORS = ("best.pt", "last.pt")
WHOLE = ("report.html", "model_card.md")


def results(root: Path) -> Results:
    """The values of all that counts below a folder."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir() or path.is_symlink():
            continue
        name = COUNTED.sub("", name)
        assert name not in found, f"{name} is there in two runs"
        if path.name in JSON:
            found[name] = untimed(json.loads(path.read_text()))
        elif path.name == "metrics.jsonl":
            found[name] = [untimed(json.loads(line)) for line in path.read_text().splitlines()]
        elif path.name in LOGS:
            found[name] = sorted({json.dumps(_told(row, path.name), sort_keys=True) for row in rows(path)})
        elif path.name in TENSORS:
            found[name] = untimed(torch.load(path, weights_only=True))
        elif path.name == "maps.npz" or path.match("predictions/*.npz"):
            with np.load(path) as arrays:
                found[name] = {
                    key: (array.dtype.str, array.shape, array.tobytes())
                    for key, array in arrays.items()
                    if key != ORIGIN
                }
        elif path.name in WHOLE:
            found[name] = "there"
    return found


def _told(row: Mapping[str, Any], name: str) -> Any:
    """What a line says that must be said; of a use of test labels what was measured, and not in how many steps."""
    return row["measured"] if name == LEDGER else untimed(dict(row))


def rows(path: Path) -> Iterator[Any]:
    """The lines that are whole."""
    for line in path.read_text().splitlines():
        with suppress(ValueError):
            yield json.loads(line)


def untimed(value: Any) -> Any:
    """The value without what clocks say, and how often the name of a run was taken."""
    if isinstance(value, dict):
        return {key: untimed(inner) for key, inner in value.items() if key not in TIMED}
    if isinstance(value, list):
        return [untimed(inner) for inner in value]
    return COUNTED.sub("", value) if isinstance(value, str) else value


def difference(expected: Results, found: Results) -> str | None:
    """What differs, in a few words; None where nothing does."""
    for name in sorted({*expected, *found}):
        if name not in found:
            return f"{name} is missing"
        if name not in expected:
            return f"{name} is there as well"
        if not same(expected[name], found[name]):
            return f"{name} is another"
    return None
