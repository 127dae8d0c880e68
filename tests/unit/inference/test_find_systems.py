"""Systems are called after what sets them apart."""

from typing import Any

import pytest

from sightline.inference.find_systems import _distinct_names


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ([{"model.name": "a", "optimizer.lr": 1}, {"model.name": "b", "optimizer.lr": 2}], ["model=a", "model=b"]),
        ([{"seed": 1, "optimizer.lr": 1}, {"seed": 2, "optimizer.lr": 2}], ["optimizer.lr=1", "optimizer.lr=2"]),
        (
            [{"x": 1, "y": 1}, {"x": 1, "y": 2}, {"x": 2, "y": 2}],
            ["x=1 y=1", "x=1 y=2", "x=2 y=2"],
        ),
        ([{"x": 1}, {"x": 1}], ["run 0", "run 1"]),
        ([{"x": 1, "data.root": "a"}, {"x": 2, "data.root": "b"}], ["data.root=a", "data.root=b"]),
        ([{"x": 1}], ["run 0"]),
    ],
)
def test_names_say_what_sets_them_apart(settings: list[dict[str, Any]], names: list[str]):
    assert _distinct_names(settings, [f"run {place}" for place in range(len(settings))]) == names
