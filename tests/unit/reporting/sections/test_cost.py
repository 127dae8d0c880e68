from typing import Any

import pytest

from sightline.reporting.contents import Contents
from sightline.reporting.sections.blocks import Facts
from sightline.reporting.sections.cost import blocks
from sightline.run.folder import Run

COST = {
    "parameters": 1_234_567, "trained_parameters": 650, "flops": 123_456_789, "latency_ms": 2.25,
    "images_per_second": 5432.1, "batch": 64, "image_size": 32, "device": "cpu", "threads": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "name", "said"),
    [
        ({}, "Parameters", "1,234,567, 650 of them trained in the last epoch"),
        ({"trained_parameters": 1_234_567}, "Parameters", "1,234,567, all of them trained in the last epoch"),
        ({}, "One image", "2.25 ms, float32, 4 threads of the CPU"),
        ({"threads": 1}, "One image", "2.25 ms, float32, 1 thread of the CPU"),
        ({"device": "cuda:0"}, "One image", "2.25 ms, float32, cuda:0"),
        ({}, "In batches", "5,432 images/s, 64 at a time"),
    ],
)
def test_size_and_speed_with_where_they_were_measured(copy: Run, changed: dict[str, Any], name: str, said: str):
    copy.save_json("cost.json", COST | changed)
    [facts] = blocks(Contents(copy))
    assert isinstance(facts, Facts)
    assert dict(facts.pairs)[name] == said
