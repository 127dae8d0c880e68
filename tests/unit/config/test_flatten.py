"""Nested configurations by dotted key."""

from sightline.config.flatten import dotted_items, flatten

CONTENT = {"seed": 1, "data": {"name": "csv", "validation": {"small": 2}, "none": {}}, "runs": ["a", "b"]}


def test_values_stand_by_their_dotted_keys():
    assert flatten(CONTENT) == {"seed": 1, "data.name": "csv", "data.validation.small": 2, "runs": ["a", "b"]}
    assert flatten({"a": {"b": 1}}, "x.") == {"x.a.b": 1}


def test_a_group_comes_before_its_keys():
    keys = [key for key, _ in dotted_items(CONTENT)]
    assert keys == ["seed", "data", "data.name", "data.validation", "data.validation.small", "data.none", "runs"]
    assert dict(dotted_items(CONTENT))["data.validation"] == {"small": 2}
