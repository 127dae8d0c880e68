"""States of trainings, compared to the bit."""

import json
from pathlib import Path
from typing import Any

import torch

CLOCKS = {"seconds", "images_per_second"}
"""What a clock says is no part of a state."""


def states(run: Path) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """The last checkpoint of a run, and the rows of its `metrics.jsonl` without clocks."""
    last = torch.load(run / "checkpoints/last.pt", weights_only=True)
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return last, [{key: value for key, value in row.items() if key not in CLOCKS} for row in rows]


def same(one: object, other: object) -> bool:
    """Equal to the bit, through dicts and lists."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if isinstance(one, dict):
        if not isinstance(other, dict) or one.keys() - CLOCKS != other.keys() - CLOCKS:
            return False
        return all(same(one[key], other[key]) for key in one if key not in CLOCKS)
    if isinstance(one, list | tuple):
        return isinstance(other, list | tuple) and len(one) == len(other) and all(map(same, one, other))
    return one == other
