import copy
import json
from pathlib import Path
from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.errors import RunFailedError
from sightline.run.folder import Run
from sightline.run.schema import FILES, ROWS, flaw, flaw_of_row

GOLDEN = Path(__file__).parents[2] / "golden"
T = TypeVar("T")


class Inner(TypedDict):
    value: float | None
    kind: Literal["a", "b"]


class Pair(TypedDict, Generic[T]):
    one: T
    two: T


class Outer(Inner):
    count: int
    names: list[str]
    by_name: NotRequired[dict[str, Inner]]
    pair: Pair[list[int]]
    either: int | list[float] | None


WHOLE: dict[str, Any] = {
    "value": 1, "kind": "a", "count": 3, "names": ["x"], "by_name": {"x": {"value": None, "kind": "b"}},
    "pair": {"one": [1], "two": []}, "either": [0.5, 2], "later": object,
}  # fmt: skip


def test_what_fits_has_no_flaw():
    assert flaw(WHOLE, Outer) == ""
    assert flaw({"value": 1}, Outer) == "", "files of earlier versions lack keys"
    assert flaw_of_row({"value": 1}, Inner) == "it lacks kind"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("value", "1", "value is not"),
        ("value", True, "value is not"),
        ("kind", "c", "kind is 'c' and not one of a, b"),
        ("count", 1.5, "count is not a whole number"),
        ("names", "x", "names is no list"),
        ("names", ["x", 1], "names.1 is not text"),
        ("by_name", [], "by_name is no mapping"),
        ("by_name", {"x": {"value": "1.0"}}, "by_name.x.value is not"),
        ("pair", [], "pair is no mapping"),
        ("pair", {"one": [1], "two": ["x"]}, "pair.two.0 is not a whole number"),
        ("either", [0.5, "x"], "either.1 is not a number"),
    ],
)
def test_a_flaw_is_named_by_its_key(key: str, value: object, expected: str):
    assert expected in flaw({**WHOLE, key: value}, Outer)


@pytest.mark.parametrize("value", [[], "text", 3, None])
def test_another_kind_of_value_is_no_mapping(value: object):
    assert flaw(value, Outer) == "it is no mapping"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*/*/*.json")) + sorted(GOLDEN.glob("*/*/*/*.json")), ids=str)
def test_files_of_earlier_versions_fit(path: Path):
    for name in (path.name, f"{path.parent.name}/{path.name}"):
        if name in FILES:
            assert flaw(json.loads(path.read_text()), FILES[name]) == ""


@pytest.mark.parametrize("path", sorted(GOLDEN.rglob("*.jsonl")), ids=str)
def test_rows_of_earlier_versions_fit(path: Path):
    for row in map(json.loads, path.read_text().splitlines()):
        assert flaw_of_row(row, ROWS[path.name]) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FILES)), JSON, st.randoms(use_true_random=False))
def test_whatever_lies_there_is_judged_without_an_error(name: str, value: object, random: Any):
    assert isinstance(flaw(value, FILES[name]), str)
    place = GOLDEN / "runs/finished" / name
    if not place.is_file():
        return
    content = json.loads(place.read_text())
    changed = copy.deepcopy(content)
    inner = changed
    while isinstance(inner, dict) and inner:
        key = random.choice(sorted(inner))
        if not isinstance(inner[key], dict) or random.random() < 0.4:
            inner[key] = value
            break
        inner = inner[key]
    assert isinstance(flaw(changed, FILES[name]), str)


def test_a_file_of_another_shape_is_named_with_the_remedy(tmp_path: Path):
    run = Run(tmp_path)
    run.save_json("evaluation.json", [])
    with pytest.raises(
        RunFailedError, match=r"evaluation\.json is damaged: it is no mapping; remove it, and mode `eva"
    ):
        run.load_json("evaluation.json")
    run.append("members.jsonl", {"variant": "a", "seed": 0, "run": "x", "state": "begun"})
    run.append("members.jsonl", {"variant": "a", "seed": 0, "run": "x"})
    with pytest.raises(RunFailedError, match=r"members\.jsonl is damaged: in row 2, it lacks state; mend that line"):
        run.rows("members.jsonl")
    run.append("metrics.jsonl", {"kind": "epoch", "epoch": 0, "step": 4})
    with pytest.raises(RunFailedError, match=r"metrics\.jsonl is damaged: it lacks seconds; mend that line"):
        run.rows("metrics.jsonl")[0]["seconds"]


MASKS: dict[str, Any] = {
    "split": "test", "n": 2, "unlabelled": 0, "pixels": {"counted": 9, "ignored": 1}, "absent": [], "notes": [],
    "metrics": {"mean_iou": {"value": 0.5, "low": 0.1, "high": 0.9}}, "confusion": [[4, 1], [2, 2]],
    "class_names": ["no", "yes"], "measured_at": "its size",
}  # fmt: skip
PIXELS: dict[str, Any] = {
    "split": "calibration",
    "n": 2,
    "pixels": 9,
    "sampling": "9 pixels",
    "temperature": 1.5,
    "judged_on": 0,
}


@pytest.mark.parametrize(
    ("name", "content", "changes", "expected"),
    [
        ("evaluation.json", MASKS, {"pixels": 3}, "pixels is no mapping"),
        ("evaluation.json", MASKS, {"confusion": [["4"]]}, "confusion.0.0 is not a whole number"),
        ("evaluation.json", MASKS, {"images": {"worst": 3}}, "images.worst is no list"),
        (
            "evaluation.json",
            {"split": "test", "mask": MASKS},
            {"mask": {**MASKS, "absent": 1}},
            "mask.absent is no list",
        ),
        (
            "evaluation.json",
            {"split": "test", "label": {"n": 1}},
            {"label": {"n": "1"}},
            "label.n is not a whole number",
        ),
        ("evaluation.json", {"split": "test", "class_names": []}, {"class_names": "x"}, "class_names is no list"),
        ("calibration.json", PIXELS, {"sampling": 3}, "sampling is not text"),
        (
            "calibration.json",
            {"mask": PIXELS},
            {"mask": {**PIXELS, "pixels": "9"}},
            "mask.pixels is not a whole number",
        ),
        ("calibration.json", {"temperature": 1.5}, {"temperature": "1.5"}, "temperature is not a number"),
    ],
)
def test_what_every_task_writes_is_held_against_its_own_type(
    name: str, content: dict[str, Any], changes: dict[str, Any], expected: str
):
    assert flaw(content, FILES[name]) == ""
    assert expected in flaw({**content, **changes}, FILES[name])
    assert flaw([], FILES[name]) == "it is no mapping"
