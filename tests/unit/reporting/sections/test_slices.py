from typing import Any

from sightline.reporting.sections.slices import HEADER, slice_table


def entry(value: float, half: float) -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "level": 0.95, "method": "bootstrap"}


def test_a_slice_stands_beside_the_others():
    whole = {"column": "site", "value": "a", "n": 1200, "accuracy": entry(0.9, 0.02)}
    rows = slice_table([whole, whole | {"difference": entry(-0.031, 0.02)}]).rows
    assert rows == [
        ["site", "a", "1,200", "90.0 % [88.0, 92.0]", "–"],
        ["site", "a", "1,200", "90.0 % [88.0, 92.0]", "-3.1 [-5.1, -1.1]"],
    ]
    assert len(rows[0]) == len(HEADER)
